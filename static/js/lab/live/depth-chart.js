import { el, svg } from "../dom.js";

const WIDTH = 640;
const HEIGHT = 120;
const SPAN_SECONDS = 30;

/** Draws one gauge over time as steps, since a count holds until the next reading. Grows as time goes on. */
export class DepthChart {
  #points = [];
  #line;
  #area;
  #now;
  #top;
  #span;
  #frozen = 0;
  element;

  constructor(label) {
    this.#area = svg("path", { class: "chart-area" });
    this.#line = svg("path", { class: "chart-line" });
    this.#now = el("output", { class: "chart-now" }, "0");
    this.#top = el("span", { class: "chart-top" });
    this.#span = el("span", { class: "chart-span" });
    this.element = el("figure", { class: "chart" },
      el("figcaption", {}, el("span", {}, label), this.#now),
      el("div", { class: "chart-plot" },
        svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, this.#area, this.#line),
        this.#top),
      this.#span);
  }

  /** @param {number} at Unix seconds @param {number} value */
  add(at, value) {
    this.#points.push([at, value]);
    this.#now.value = String(value);
    this.#draw();
  }

  #draw() {
    const last = this.#points.at(-1)[0];
    const first = Math.max(this.#points[0][0], last - 180);
    const shown = this.#points.filter(([at]) => at >= first);
    const span = Math.max(SPAN_SECONDS, last - first);
    const top = Math.max(5, ...shown.map(([, value]) => value));
    const x = (at) => (((at - first) / span) * WIDTH).toFixed(1);
    const y = (value) => (HEIGHT - 2 - (value / top) * (HEIGHT - 6)).toFixed(1);
    let path = `M${x(shown[0][0])} ${y(shown[0][1])}`;
    for (const [at, value] of shown.slice(1)) path += `H${x(at)}V${y(value)}`;
    this.#line.setAttribute("d", path);
    this.#area.setAttribute("d", `${path}V${HEIGHT}H${x(shown[0][0])}Z`);
    this.#top.textContent = String(top);
    this.#span.textContent = `${Math.round(span)} s`;
  }
}
