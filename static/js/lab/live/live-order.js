const HOLD_MS = 220;
const APART_MS = 110;
const CROWD = 24;
const LONG_AGO_SECONDS = 8;

/**
 * When it began, in Unix seconds. Log lines carry whole milliseconds, so what must have come first is set a little before:
 * a call before what it invokes, an invocation (with its cold start) before what it writes.
 */
function begun({ kind, at, init_ms }) {
  if (kind === "invocation") return at - (init_ms ?? 0) / 1000 - 0.005;
  return kind === "request" ? at - 0.01 : at;
}

/**
 * Gives out live events in the order in which they happened, a moment late: the edge's notes and the functions' log lines
 * come by different ways. A few are given one after the other, so that each can be seen; a crowd goes out together.
 */
export class LiveOrder {
  #waiting = [];
  #timer = 0;
  #show;

  /** @param {(event: object, fresh: boolean) => void} show `fresh` unless it is history, sent again to a page that was just opened */
  constructor(show) {
    this.#show = show;
  }

  add(event) {
    this.#waiting.push({ event, begun: begun(event), due: performance.now() + HOLD_MS });
    this.#waiting.sort((one, other) => one.begun - other.begun);
    this.#timer ||= setTimeout(() => this.#give(), HOLD_MS);
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#waiting = [];
  }

  #give() {
    const now = performance.now();
    const most = this.#waiting.length > CROWD ? this.#waiting.length : 1;
    let next = this.#waiting[0];
    for (let given = 0; next && given < most && next.due <= now; given += 1) {
      this.#waiting.shift();
      this.#show(next.event, Date.now() / 1000 - next.event.at < LONG_AGO_SECONDS);
      next = this.#waiting[0];
    }
    const wait = next ? Math.max(APART_MS, next.due - now) : 0;
    this.#timer = next ? setTimeout(() => this.#give(), wait) : 0;
  }
}
