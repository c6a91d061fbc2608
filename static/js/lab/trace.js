import { el, milliseconds } from "./dom.js";

const KEPT_LINES = 300;
const SPOKEN_EVERY_MS = 1000;
const EVENTS = ["state", "request", "log", "invocation", "gauge", "gone"];

/** Follow a lab's events; the browser reconnects by itself and resumes after the last event it has seen. */
export function follow(id, handlers) {
  const source = new EventSource(`/labs/${id}/events`);
  for (const name of EVENTS) {
    source.addEventListener(name, (event) => handlers[name]?.(JSON.parse(event.data)));
  }
  return source;
}

const clock = (at) => new Date(at * 1000).toISOString().slice(11, 23);

/** The sentence that a screen reader speaks and everybody reads; the raw event stays behind it. */
export function sentence(kind, event) {
  switch (kind) {
    case "request":
      return `${event.method} ${event.path} was answered ${event.status} in ${milliseconds(event.ms)}.`;
    case "invocation":
      return `${event.function} ${event.error ? "failed after" : "ran for"} ${milliseconds(event.ms)}${event.cold ? ", after a cold start" : ""}.`;
    case "log": {
      if (!event.json) return `${event.function} wrote: ${event.message}`;
      const { step, at, trace, ...rest } = event.json;
      const details = Object.entries(rest).map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : value}`);
      return `${event.function}: ${step ?? "a line"}${details.length ? ` (${details.join(", ")})` : ""}.`;
    }
    default:
      return event.reason ?? "";
  }
}

/** The log of a run: in the order in which things happened, newest last, scrolled along unless the reader has scrolled back. */
export class TraceLog {
  #box;
  #list;
  #speaker;
  #inspectable;

  /** @param {HTMLElement} box scrolls, and has the list in it @param {HTMLElement} speaker a live region @param {((trace: string, button: HTMLElement) => void) | null} onInspect */
  constructor(box, speaker, onInspect) {
    this.#box = box;
    this.#list = box.querySelector("ol");
    this.#speaker = new Speaker(speaker);
    this.#inspectable = onInspect !== null;
    box.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-inspect]");
      if (button) onInspect(button.dataset.inspect, button);
    });
  }

  add(kind, event) {
    const list = this.#list;
    list.querySelector("[data-empty]")?.remove();
    const box = this.#box;
    const following = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    const text = sentence(kind, event);
    const inspect = this.#inspectable && kind === "request" && event.trace && el("button", { type: "button", class: "trace-inspect", "data-inspect": event.trace },
      "Inspect", el("span", { class: "visually-hidden" }, ` ${event.method} ${event.path}`));
    const line = el("li", { class: `trace-${kind}${event.status >= 400 || event.error ? " is-refused" : ""}`, "data-at": event.at },
      el("time", {}, clock(event.at)),
      el("span", { class: "trace-text" }, text),
      inspect || null);
    // A log line is read later than the call that it belongs to is noted, and may be the older of the two.
    let before = list.lastElementChild;
    while (before && Number(before.dataset.at) > event.at) before = before.previousElementSibling;
    if (before) before.after(line);
    else list.prepend(line);
    while (list.children.length > KEPT_LINES) list.firstElementChild.remove();
    if (following) box.scrollTop = box.scrollHeight;
    this.#speaker.add(kind, event, text);
  }

  clear() {
    this.#list.replaceChildren();
  }
}

/** Says what happens, at most once a second. */
class Speaker {
  #region;
  #waiting = [];
  #timer = 0;

  constructor(region) {
    this.#region = region;
  }

  add(kind, event, text) {
    this.#waiting.push({ kind, event, text });
    this.#timer ||= setTimeout(() => this.#speak(), SPOKEN_EVERY_MS);
  }

  #speak() {
    this.#region.textContent = spoken(this.#waiting);
    this.#waiting = [];
    this.#timer = 0;
  }
}

const NOUNS = { request: "request", invocation: "run", log: "log line" };
const IN_FULL = { request: 2, invocation: 2, log: 1 };

/** Few of a kind in their own words, more of them as a sum: `12 more requests answered 202.` */
function spoken(events) {
  const sentences = [];
  for (const [kind, noun] of Object.entries(NOUNS)) {
    const alike = events.filter((event) => event.kind === kind);
    if (alike.length <= IN_FULL[kind]) {
      sentences.push(...alike.map(({ text }) => text));
      continue;
    }
    const counts = new Map();
    for (const { event } of alike) {
      const what = { request: ` answered ${event.status}`, invocation: ` of ${event.function}`, log: "" }[kind];
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    for (const [what, count] of counts) sentences.push(`${count} more ${noun}${count === 1 ? "" : "s"}${what}.`);
  }
  return sentences.join(" ");
}
