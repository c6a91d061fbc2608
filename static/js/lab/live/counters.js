const MOST_TRACES = 5000;
/** From a request's answer until the runs that it has caused are surely known. */
const SETTLED_MS = 600;

const answers = ({ statuses, paths }, { status, path }) =>
  statuses.includes(status) && paths.some((begin) => path.startsWith(begin));

/** Counts what a pattern declares in `diagram.yaml`: steps that handlers log, and requests answered without a function. */
export class Counters {
  #counters;
  #show;

  /** @param {object[]} counters @param {(node: string, text: string) => void} show */
  constructor(counters, show) {
    this.#show = show;
    this.#counters = counters.map((counter) => ({ ...counter, count: 0, answered: new Map(), ran: new Set() }));
  }

  clear() {
    for (const counter of this.#counters) {
      clearTimeout(counter.timer);
      Object.assign(counter, { count: 0, timer: 0 });
      counter.answered.clear();
      counter.ran.clear();
    }
  }

  add(event) {
    for (const counter of this.#counters) {
      if (counter.step) {
        if (event.kind === "log" && event.json?.step === counter.step) this.#raise(counter);
      } else if (event.kind === "request" && answers(counter, event)) {
        counter.answered.set(event.trace, performance.now() + SETTLED_MS);
        counter.timer ||= setTimeout(() => this.#settle(counter), SETTLED_MS);
      } else if (event.kind === "invocation" && event.function === counter.without) {
        counter.ran.add(event.trace);
        if (counter.ran.size > MOST_TRACES) counter.ran.delete(counter.ran.values().next().value);
      }
    }
  }

  #raise(counter) {
    counter.count += 1;
    this.#show(counter.node, `${counter.count} ${counter.label}`);
  }

  /** Count those whose time is over. In the order of a map the oldest come first. */
  #settle(counter) {
    counter.timer = 0;
    for (const [trace, due] of counter.answered) {
      if (due > performance.now()) {
        counter.timer = setTimeout(() => this.#settle(counter), due - performance.now());
        return;
      }
      counter.answered.delete(trace);
      if (!counter.ran.has(trace)) this.#raise(counter);
    }
  }
}
