import { LiveDiagram } from "../lab/live/live-diagram.js";
import { Timeline } from "./timeline.js";

const MS_A_MOMENT = 420;
const PAUSE_AT_END_MS = 2500;
const GLYPHS = { Play: "M5 3v14l12-7z", Pause: "M5 3h4v14H5zM11 3h4v14h-4z" };
const still = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * <run-loop>: plays the beginning of a recorded run on the diagram within it, again and again, while it is in view.
 *
 * Where motion is unwelcome it shows the end of the run, and nothing moves until the visitor presses Play.
 */
class RunLoop extends HTMLElement {
  #timeline;
  #diagram;
  #pos = 0;
  #shown = -1;
  #before = 0;
  #rested = 0;
  #frame = 0;
  #wanted = !still.matches;
  #inView = false;

  connectedCallback() {
    if (this.#timeline) return;
    this.#timeline = new Timeline(JSON.parse(this.querySelector("[data-play]").textContent).moments);
    this.#diagram = new LiveDiagram(this);
    this.querySelector("[data-toggle]").addEventListener("click", () => {
      this.#wanted = !this.#wanted;
      this.#run();
    });
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.#inView = isIntersecting;
      this.#run();
    }).observe(this);
    if (!this.#wanted) this.#show(1);
    this.#run();
  }

  disconnectedCallback() {
    cancelAnimationFrame(this.#frame);
  }

  /** Move if the visitor wants it and can see it. */
  #run() {
    cancelAnimationFrame(this.#frame);
    const name = this.#wanted ? "Pause" : "Play";
    this.querySelector("[data-toggle] path").setAttribute("d", GLYPHS[name]);
    this.querySelector("[data-name]").textContent = name;
    if (!this.#wanted || !this.#inView) return;
    this.#before = performance.now();
    this.#frame = requestAnimationFrame((now) => this.#tick(now));
  }

  #tick(now) {
    const passed = Math.min(1000, Math.max(0, now - this.#before)); // a tab in the background gets no frames
    this.#before = now;
    if (this.#pos < 1) {
      this.#pos = Math.min(1, this.#pos + passed / (MS_A_MOMENT * this.#timeline.moments.length));
      this.#rested = 0;
    } else if ((this.#rested += passed) > PAUSE_AT_END_MS) {
      this.#pos = 0;
      this.#shown = -1;
    }
    const before = this.#shown;
    this.#show(this.#pos);
    const ways = this.#timeline.moments.slice(before + 1, this.#shown + 1).flatMap((moment) => moment.edges ?? []);
    new Set(ways).forEach((way) => this.#diagram.travel(way));
    this.#frame = requestAnimationFrame((time) => this.#tick(time));
  }

  #show(pos) {
    const { index, moment, nodes, edges, counts } = this.#timeline.state(pos);
    if (index === this.#shown) return;
    this.#shown = index;
    this.#diagram.state({ nodes, edges, counts });
    this.querySelector("[data-said]").textContent = moment.text;
  }
}

customElements.define("run-loop", RunLoop);

/** The stack takes a moment: the button says that it has been pressed, and a second press makes no second lab. */
for (const form of document.querySelectorAll("[data-begin]")) {
  const button = form.querySelector("button");
  const name = button.textContent;
  form.addEventListener("submit", (event) => {
    if (button.hasAttribute("aria-disabled")) return event.preventDefault();
    button.setAttribute("aria-disabled", "true");
    button.textContent = "Creating your stack …";
  });
  addEventListener("pageshow", () => {
    button.removeAttribute("aria-disabled");
    button.textContent = name;
  });
}
