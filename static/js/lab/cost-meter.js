import { el } from "./dom.js";

const EVERY_MS = 2000;
const SETTLE_MS = 400;
const FIRST = 3; // 10^3 requests a month, where the slider begins
const LAST = 9;

/**
 * Keeps a lab's cost meter up to date: it reads the bill again when something happened in the lab, at most every two
 * seconds, and when the visitor chooses another rate. The figures are the server's own; the form works without this.
 */
export class CostMeter {
  #place;
  #section = null;
  #source;
  #due = 0;
  #timer = 0;
  #asking = null;
  #usd = null;

  /** @param {HTMLElement} place where the meter is or will be @param {string} id the lab's */
  constructor(place, id) {
    this.#place = place;
    this.#source = `/labs/${id}/bill`;
    const there = place.querySelector("[data-meter]");
    if (there?.dataset.src === this.#source) this.#adopt(there);
    else place.replaceChildren();
    this.#read();
  }

  /** Something happened in the lab. */
  stir() {
    this.#timer ||= setTimeout(() => this.#read(), Math.max(SETTLE_MS, this.#due - performance.now()));
  }

  /** The lab is over: the last figures stay. */
  close() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#source = null;
  }

  async #read() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#due = performance.now() + EVERY_MS;
    if (!this.#source || this.#place.isConnected === false) return;
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const rate = this.#section ? new URLSearchParams(new FormData(this.#form)) : new URLSearchParams();
    rate.set("part", "meter");
    try {
      const response = await fetch(`${this.#source}?${rate}`, { headers: { Accept: "text/html" }, signal: asking.signal });
      if (!response.ok) return;
      const template = document.createElement("template");
      template.innerHTML = await response.text();
      this.#show(document.importNode(template.content, true));
    } catch {
      // The site is away for a moment, or a newer request is under way: the next event brings the next reading.
    }
  }

  get #form() {
    return this.#section.querySelector("[data-meter-rate]");
  }

  #show(parts) {
    const fresh = parts.querySelector("[data-meter]");
    if (!this.#section) {
      this.#style(parts.querySelector("link"));
      this.#place.append(fresh);
      this.#adopt(fresh);
      return;
    }
    const figures = this.#section.querySelector("[data-meter-figures]");
    const next = fresh.querySelector("[data-meter-figures]");
    const open = new Set([...figures.querySelectorAll("details[open]")].map((details) => details.dataset.key));
    for (const details of next.querySelectorAll("details")) details.open = open.has(details.dataset.key);
    const focused = figures.contains(document.activeElement) && document.activeElement.closest("details")?.dataset.key;
    this.#tellChange(next);
    figures.replaceWith(next);
    if (focused) next.querySelector(`[data-key="${CSS.escape(focused)}"] > summary`)?.focus({ preventScroll: true });
  }

  /** What the last actions added: `+$0.0000021`. */
  #tellChange(figures) {
    const now = Number(figures.dataset.usd);
    if (this.#usd !== null && now > this.#usd) {
      figures.querySelector("[data-meter-change]").textContent = `+$${Number((now - this.#usd).toPrecision(2)).toFixed(12).replace(/\.?0+$/, "")}`;
    }
    this.#usd = now;
  }

  #style(link) {
    if (!document.head.querySelector(`link[href="${link.getAttribute("href")}"]`)) document.head.append(link);
  }

  #adopt(section) {
    this.#section = section;
    this.#usd = Number(section.querySelector("[data-meter-figures]").dataset.usd);
    section.classList.add("is-live");
    const number = this.#form.elements.per_month;
    const slider = el("input", {
      type: "range", min: FIRST, max: LAST, step: 0.05, "aria-label": "Requests per month, on a scale of powers of ten",
    });
    const follow = () => {
      slider.value = Math.log10(Math.max(10 ** FIRST, Number(number.value)));
      slider.setAttribute("aria-valuetext", `${Number(number.value).toLocaleString("en")} requests per month`);
    };
    slider.addEventListener("input", () => {
      number.value = rounded(10 ** slider.value);
      follow();
      this.#soon();
    });
    number.addEventListener("input", () => {
      follow();
      if (number.checkValidity()) this.#soon();
    });
    for (const choice of this.#form.elements.free_tier) choice.addEventListener("change", () => this.#read());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#read();
    });
    number.after(slider);
    follow();
  }

  /** The visitor turns the rate: read when they pause. */
  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#read(), SETTLE_MS);
  }
}

/** Two significant figures, as a person would say them. */
function rounded(value) {
  const step = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Math.round(value / step) * step;
}
