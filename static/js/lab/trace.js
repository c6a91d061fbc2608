import { el, milliseconds } from "./dom.js";

const KEPT_LINES = 300;
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
      return `${event.function} ran for ${milliseconds(event.ms)}${event.cold ? ", after a cold start" : ""}.`;
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

/** The log of a run: newest last, scrolled along unless the reader has scrolled back. */
export class TraceLog {
  #list;

  constructor(list) {
    this.#list = list;
  }

  add(kind, event) {
    const list = this.#list;
    list.querySelector("[data-empty]")?.remove();
    const following = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(
      el("li", { class: `trace-${kind}${event.status >= 400 ? " is-refused" : ""}` },
        el("time", {}, clock(event.at)),
        el("span", { class: "trace-text" }, sentence(kind, event))),
    );
    while (list.children.length > KEPT_LINES) list.firstElementChild.remove();
    if (following) list.scrollTop = list.scrollHeight;
  }

  clear() {
    this.#list.replaceChildren();
  }
}
