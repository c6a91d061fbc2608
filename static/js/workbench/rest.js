import { LiveDiagram } from "../lab/live/live-diagram.js";

const MS_A_FRAME = 450;
const LONGEST_MS = 30_000;
const PAUSE_AT_END_MS = 3000;
const still = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * Plays the recorded run on the page's diagram until a lab takes its place: again and again, in muted colors, and only
 * while it is in view. Where motion is unwelcome it shows what the run ended with, and plays when asked.
 */
export class Rest {
  #part;
  #plate;
  #toggle;
  #said;
  #frames;
  #diagram = new LiveDiagram(document);
  #length;
  #seen;
  #counts = new Map();
  #pos = 0;
  #place = -1;
  #wanted = !still.matches;
  #inView = false;
  #before = 0;
  #timer = 0;

  /** @param {HTMLElement} panel has a `[data-rest]` (templates/workbench/_rest.html) */
  constructor(panel) {
    this.#part = panel.querySelector("[data-rest]");
    this.#plate = this.#part.closest(".plate");
    this.#toggle = this.#part.querySelector("[data-rest-toggle]");
    this.#said = this.#part.querySelector("[data-rest-said]");
    this.#frames = JSON.parse(this.#part.querySelector("[data-rest-frames]").textContent);
    this.#length = Math.min(LONGEST_MS, this.#frames.length * MS_A_FRAME);
    this.#plate.classList.add("is-recorded");
    this.#toggle.addEventListener("click", () => this.#want(!this.#wanted));
    this.#seen = new IntersectionObserver(([{ isIntersecting }]) => {
      this.#inView = isIntersecting;
      this.#go();
    });
    this.#seen.observe(this.#plate);
    this.#want(this.#wanted);
    if (!this.#wanted) this.#show(this.#frames.length - 1);
  }

  /** A lab is being made: its own events light the diagram from now on. */
  end() {
    if (!this.#seen) return;
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#seen.disconnect();
    this.#seen = null;
    this.#plate.classList.remove("is-recorded");
    this.#part.hidden = true;
    this.#diagram.reset();
  }

  #want(playing) {
    this.#wanted = playing;
    this.#toggle.textContent = playing ? "Pause" : "Play";
    if (playing && this.#place >= this.#frames.length - 1) this.#rewind();
    this.#go();
  }

  #go() {
    clearTimeout(this.#timer);
    this.#before = performance.now();
    if (this.#wanted && this.#inView) this.#tick();
  }

  #rewind() {
    this.#pos = 0;
    this.#place = -1;
    this.#counts.clear();
    this.#said.textContent = "";
  }

  #tick() {
    const now = performance.now();
    // A page in the background gets few ticks, and continues where it was.
    this.#pos += Math.min(now - this.#before, 2 * MS_A_FRAME) / this.#length;
    this.#before = now;
    let next = this.#place;
    while (next + 1 < this.#frames.length && this.#frames[next + 1].pos <= this.#pos) next += 1;
    if (next > this.#place) this.#show(next);
    let wait = MS_A_FRAME / 3;
    if (this.#place === this.#frames.length - 1) {
      this.#rewind();
      wait = PAUSE_AT_END_MS;
    }
    this.#timer = setTimeout(() => {
      if (wait === PAUSE_AT_END_MS) this.#before = performance.now();
      this.#tick();
    }, wait);
  }

  #show(place) {
    const edges = new Set();
    for (const frame of this.#frames.slice(this.#place + 1, place + 1)) {
      for (const [node, text] of Object.entries(frame.counts ?? {})) this.#counts.set(node, text);
      for (const edge of frame.edges ?? []) edges.add(edge);
      if (frame.title) this.#said.textContent = `: ${frame.title}`;
    }
    const { nodes = [], edges: lit = [] } = this.#frames[place];
    this.#place = place;
    this.#diagram.state({ nodes, edges: lit, counts: this.#counts });
    if (this.#wanted) edges.forEach((edge) => this.#diagram.travel(edge));
  }
}
