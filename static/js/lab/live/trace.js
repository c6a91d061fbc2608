import { el, milliseconds } from "../dom.js";

const KEPT_LINES = 300;
/** Events of one kind are gathered while no longer pause is between them. */
const ALIKE_SECONDS = 3;
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

/** The sentence that readers see and screen readers speak; the raw event is behind it. */
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

/**
 * The log of a run, in the order in which things happened, newest last, scrolled along unless the reader has scrolled
 * back. What is alike and close in time is one line that opens: `50 × POST /orders, all answered 202, 31 ms to 363 ms`.
 */
export class TraceLog {
  #box;
  #list;
  #speaker;
  #hooks;
  #groups = new Map();
  #lines = 0;

  /**
   * @param {HTMLElement} box scrolls, and has the list in it
   * @param {HTMLElement} speaker a live region
   * @param {{onInspect: ((trace: string, button: HTMLElement) => void) | null, onPoint?: (edges: string[]) => void}} hooks
   */
  constructor(box, speaker, hooks) {
    this.#box = box;
    this.#list = box.querySelector("ol");
    this.#speaker = new Speaker(speaker);
    this.#hooks = hooks;
    box.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-inspect]");
      if (button) hooks.onInspect(button.dataset.inspect, button);
    });
    box.addEventListener("pointerover", ({ target }) => {
      const edges = target.closest("[data-edges]")?.dataset.edges;
      if (edges) hooks.onPoint?.(edges.split(" "));
    });
  }

  add(kind, event) {
    this.#list.querySelector("[data-empty]")?.remove();
    const box = this.#box;
    const following = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    const text = sentence(kind, event);
    this.#place(this.#line(kind, event, text), kind, event);
    this.#forget();
    if (following) box.scrollTop = box.scrollHeight;
    this.#speaker.add(kind, event, text);
  }

  #line(kind, event, text) {
    const inspect = this.#hooks.onInspect && kind === "request" && event.trace && el("button", { type: "button", class: "trace-inspect", "data-inspect": event.trace },
      "Inspect", el("span", { class: "visually-hidden" }, ` ${event.method} ${event.path}`));
    const classes = `trace-${kind}${event.status >= 400 || event.error ? " is-refused" : ""}`;
    return el("li", { class: classes, "data-at": event.at, "data-edges": event.edges?.map((way) => way.replace("<", "")).join(" ") || null },
      el("time", {}, clock(event.at)),
      el("span", { class: "trace-text" }, text),
      inspect || null);
  }

  #place(line, kind, event) {
    this.#lines += 1;
    const key = likeness(kind, event);
    const group = this.#groups.get(key);
    if (!group || Math.abs(event.at - group.last) > ALIKE_SECONDS) {
      insert(this.#list, line);
      this.#groups.set(key, { element: line, first: event, ...figures(event) });
      return;
    }
    group.count += 1;
    group.last = Math.max(group.last, event.at);
    group.least = Math.min(group.least, event.ms);
    group.most = Math.max(group.most, event.ms);
    if (event.cold) group.cold += 1;
    if (group.count === 2) group.element = gathered(group.element);
    insert(group.element.querySelector("ol"), line);
    group.element.querySelector("summary > .trace-text").textContent = summary(kind, group);
  }

  /** The oldest lines go first. A group goes with its last line, and its sentence counts those that are gone, too. */
  #forget() {
    while (this.#lines > KEPT_LINES) {
      const oldest = this.#list.firstElementChild;
      const lines = oldest.querySelectorAll("li");
      this.#lines -= 1;
      if (lines.length > 1) {
        lines[0].remove();
        continue;
      }
      oldest.remove();
      for (const [key, group] of this.#groups) if (group.element === oldest) this.#groups.delete(key);
    }
  }

  clear() {
    this.#list.replaceChildren();
    this.#groups.clear();
    this.#lines = 0;
  }
}

/** A log line is read later than the call that it belongs to is noted, and may be the older of the two. */
function insert(list, line) {
  let before = list.lastElementChild;
  while (before && Number(before.dataset.at) > Number(line.dataset.at)) before = before.previousElementSibling;
  if (before) before.after(line);
  else list.prepend(line);
}

/** What makes two events alike: they differ in time, duration and identifiers only. */
const likeness = (kind, event) =>
  ({
    request: () => `${kind} ${event.method} ${event.path} ${event.status}`,
    invocation: () => `${kind} ${event.function} ${Boolean(event.error)}`,
    log: () => `${kind} ${event.function} ${event.json?.step ?? event.message}`,
  })[kind]?.() ?? `${kind} ${event.at}`;

/** A line becomes a group that has it as the first one. */
function gathered(line) {
  const group = el("li", { class: `trace-group ${line.className}`, "data-at": line.dataset.at, "data-edges": line.dataset.edges });
  line.replaceWith(group);
  group.append(el("details", {},
    el("summary", {}, el("time", {}, line.querySelector("time").textContent), el("span", { class: "trace-text" })),
    el("ol", {}, line)));
  return group;
}

/** What a group keeps of its events, for the first one. */
const figures = ({ at, ms, cold }) => ({ count: 1, last: at, least: ms, most: ms, cold: cold ? 1 : 0 });

function summary(kind, { first, count, least, most, cold }) {
  const between = `${milliseconds(least)} to ${milliseconds(most)}`;
  switch (kind) {
    case "request":
      return `${count} × ${first.method} ${first.path}, all answered ${first.status}, ${between}.`;
    case "invocation":
      return `${first.function} ${first.error ? "failed" : "ran"} ${count} times, ${between}${cold ? `, ${cold} after a cold start` : ""}.`;
    default:
      return `${count} × ${first.function}: ${first.json?.step ?? first.message}.`;
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
