import { el, milliseconds } from "../lab/dom.js";
import { LiveDiagram } from "../lab/live/live-diagram.js";
import { enhanceShare } from "./share.js";
import { tabs } from "./tabs.js";
import { Timeline } from "./timeline.js";

const PACED_MS_A_MOMENT = 650;
const PAGE = 10;
const still = matchMedia("(prefers-reduced-motion: reduce)");
/** At most so many seconds, whatever the run took; or the run's own time by a factor. */
const SPEEDS = [
  ["8", "Paced (8 s)"],
  ["30", "Paced (30 s)"],
  ["×1", "Real time"],
  ["×0.1", "Slow (0.1×)"],
];

/**
 * <run-player>: plays a run in the views around it (templates/runs/_views.html). It lights the diagram, keeps counts as of
 * the moment, marks the sentence of the story and the place in sequence and waterfall.
 *
 * Attribute `autoplay`: begin at once, unless the visitor prefers reduced motion. Then nothing moves by itself: "play"
 * steps from state to state, and every moment can be reached by keyboard.
 */
class RunPlayer extends HTMLElement {
  #timeline;
  #diagram;
  #pos = 0;
  #shown = -1;
  #playing = false;
  #before = 0;
  #frame = 0;
  #total = 0;

  connectedCallback() {
    if (this.#timeline) return;
    const { ms, moments } = JSON.parse(this.querySelector("[data-play]").textContent);
    this.#total = ms;
    this.#timeline = new Timeline(moments);
    this.querySelectorAll("[data-share]").forEach(enhanceShare);
    tabs(this.querySelector("[data-views]"), "Views of this run");
    this.classList.add("is-enhanced");
    if (!moments.length) return;
    const stage = this.querySelector("[data-stage]") ?? document;
    this.#diagram = this.dataset.variant === "naive" ? null : new LiveDiagram(stage);
    this.#build();
    this.#show(0);
    if (this.hasAttribute("autoplay") && !still.matches) this.#play();
  }

  disconnectedCallback() {
    cancelAnimationFrame(this.#frame);
  }

  #build() {
    const button = (name, glyph, act) => {
      const made = el("button", { type: "button", class: "button run-button", title: name });
      made.innerHTML = `<svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><path d="${glyph}"/></svg>`;
      made.append(el("span", { class: "visually-hidden" }, name));
      made.addEventListener("click", act);
      return made;
    };
    this.toggle = button("Play", GLYPHS.play, () => (this.#playing ? this.#pause() : this.#play()));
    this.toggle.classList.add("button-primary");
    this.range = el("input", { type: "range", min: 0, max: 1, step: "any", "aria-label": "Moment of the run" });
    this.range.addEventListener("input", () => this.#seek(Number(this.range.value)));
    this.range.addEventListener("keydown", (event) => this.#key(event));
    this.speed = el("select", { "aria-label": "Speed" }, ...SPEEDS.map(([value, name]) => el("option", { value }, name)));
    this.clock = el("span", { class: "run-clock" });
    this.said = el("p", { class: "run-said" });
    const chapters = el("div", { class: "run-chapters", "aria-hidden": "true" });
    const starts = [...this.querySelectorAll("[data-view=story] .story")].map((story) => story.querySelector("[data-at]"));
    if (starts.length > 1) {
      let before = -1;
      starts.forEach((line, index) => {
        if (!line) return;
        const left = this.#timeline.pos(Number(line.dataset.at) - 0.01);
        if (left - before < 0.04) return;
        before = left;
        const chapter = el("span", {}, String(index + 1));
        chapter.style.setProperty("--left", `${(left * 100).toFixed(2)}%`);
        chapters.append(chapter);
      });
    }
    this.querySelector("[data-transport]").append(
      el("div", { class: "run-buttons" },
        button("Previous event", GLYPHS.back, () => this.#step(-1)),
        this.toggle,
        button("Next event", GLYPHS.forward, () => this.#step(1))),
      el("div", { class: "run-scrubber" }, this.range, chapters),
      el("div", { class: "run-speed" }, this.speed),
      el("div", { class: "run-now" }, this.clock, this.said));
  }

  #key(event) {
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: PAGE, PageDown: -PAGE };
    if (event.key in steps) this.#step(steps[event.key]);
    else if (event.key === "Home") this.#seek(0);
    else if (event.key === "End") this.#seek(1);
    else if (event.key === " ") this.#playing ? this.#pause() : this.#play();
    else return;
    event.preventDefault();
  }

  #step(by) {
    const next = Math.min(this.#timeline.last, Math.max(0, this.#timeline.index(this.#pos) + by));
    this.#seek(this.#timeline.moments[next].pos, Math.abs(by) === 1 && by > 0);
  }

  #seek(pos, travel = false) {
    this.#pause();
    this.#pos = pos;
    this.#show(pos);
    if (travel) this.#travel(this.#shown, this.#shown);
  }

  #play() {
    if (this.#pos >= 1) this.#pos = 0;
    this.#playing = true;
    this.#before = performance.now();
    this.#face("Pause", GLYPHS.pause);
    this.#show(this.#pos);
    this.#frame = requestAnimationFrame((now) => this.#tick(now));
  }

  #pause() {
    cancelAnimationFrame(this.#frame);
    if (!this.#playing) return;
    this.#playing = false;
    this.#face("Play", GLYPHS.play);
  }

  #face(name, glyph) {
    this.toggle.title = name;
    this.toggle.querySelector("path").setAttribute("d", glyph);
    this.toggle.querySelector(".visually-hidden").textContent = name;
  }

  #tick(now) {
    const passed = now - this.#before;
    this.#before = now;
    const before = this.#shown;
    const speed = this.speed.value;
    if (!speed.startsWith("×")) {
      const length = Math.min(Number(speed) * 1000, this.#timeline.moments.length * PACED_MS_A_MOMENT);
      this.#pos = Math.min(1, this.#pos + passed / length);
    } else {
      const at = this.#timeline.at(this.#pos) + passed * Number(speed.slice(1));
      this.#pos = Math.max(this.#pos, this.#timeline.pos(at));
    }
    this.#show(this.#pos);
    if (this.#shown > before) this.#travel(before + 1, this.#shown);
    if (this.#pos >= 1) return this.#pause();
    this.#frame = requestAnimationFrame((time) => this.#tick(time));
  }

  /** Dots along the edges of the moments that have just been passed. */
  #travel(first, last) {
    const ways = this.#timeline.moments.slice(first, last + 1).flatMap((moment) => moment.edges ?? []);
    new Set(ways).forEach((way) => this.#diagram?.travel(way));
  }

  #show(pos) {
    const { index, at, moment, nodes, edges, counts } = this.#timeline.state(pos);
    const begun = this.#shown >= 0;
    this.range.value = pos;
    this.clock.textContent = `${milliseconds(at) || "0 ms"} of ${milliseconds(this.#total)}`;
    this.#cursor(at);
    if (index === this.#shown) {
      this.#diagram?.state({ nodes, edges, counts });
      return;
    }
    this.#shown = index;
    this.classList.toggle("is-under-way", begun);
    this.#diagram?.state({ nodes, edges, counts });
    this.said.textContent = moment.text;
    this.said.classList.toggle("is-bad", Boolean(moment.bad));
    this.range.setAttribute("aria-valuetext", `${milliseconds(moment.at) || "0 ms"} of ${milliseconds(this.#total)}: ${moment.text}`);
    this.#mark("[data-view=story] [data-at]", moment.at, true);
    this.#mark("[data-view=sequence] [data-at]", moment.at, false);
  }

  #mark(selector, at, scroll) {
    let current = null;
    for (const line of this.querySelectorAll(selector)) {
      const reached = Number(line.dataset.at) <= at + 0.06;
      line.classList.toggle("is-ahead", !reached);
      line.removeAttribute("aria-current");
      if (reached) current = line;
    }
    current?.setAttribute("aria-current", "step");
    if (scroll && current && !current.closest("[hidden]")) {
      const box = current.closest("[data-view]");
      const { top, bottom } = current.getBoundingClientRect();
      const frame = box.getBoundingClientRect();
      if (top < frame.top || bottom > frame.bottom) box.scrollTop += top - frame.top - frame.height / 3;
    }
  }

  #cursor(at) {
    for (const fall of this.querySelectorAll(".fall")) {
      const [start, end] = [Number(fall.dataset.start), Number(fall.dataset.end)];
      const part = Math.min(1, Math.max(0, (at - start) / Math.max(1, end - start)));
      fall.style.setProperty("--now", `${(part * 100).toFixed(2)}%`);
      fall.classList.toggle("is-now", at >= start && at <= end);
    }
  }
}

const GLYPHS = {
  play: "M5 3v14l12-7z",
  pause: "M5 3h4v14H5zM11 3h4v14h-4z",
  back: "M14 4v12L6 10zM4 4h2v12H4z",
  forward: "M6 4v12l8-6zM14 4h2v12h-2z",
};

customElements.define("run-player", RunPlayer);
