/**
 * Lights up the page's diagram from the trace, and keeps a count on each node.
 * A light says that something was observed at that node, never that a script expected it.
 */
const LIT_MS = 900;

export class LiveDiagram {
  #figures;
  #counts = new Map();
  #timers = new Map();

  constructor(root) {
    this.#figures = [...root.querySelectorAll("[data-diagram]")];
  }

  get(resource) {
    return this.#figures.flatMap((figure) => [...figure.querySelectorAll(`[data-node="${CSS.escape(resource)}"]`)]);
  }

  light(resource) {
    for (const node of this.get(resource)) {
      node.classList.add("is-lit");
      clearTimeout(this.#timers.get(node));
      this.#timers.set(node, setTimeout(() => node.classList.remove("is-lit"), LIT_MS));
    }
  }

  /** Raise a node's own count by one: calls of a function or of the API. */
  count(resource) {
    this.show(resource, (this.#counts.get(resource) ?? 0) + 1);
    this.light(resource);
  }

  show(resource, value) {
    if (this.#counts.get(resource) === value) return;
    this.#counts.set(resource, value);
    for (const node of this.get(resource)) {
      const counter = node.querySelector("[data-count]");
      if (counter) counter.textContent = String(value);
      node.classList.add("has-count");
    }
  }

  reset() {
    for (const resource of this.#counts.keys()) {
      for (const node of this.get(resource)) {
        node.classList.remove("has-count", "is-lit");
        const counter = node.querySelector("[data-count]");
        if (counter) counter.textContent = "";
      }
    }
    this.#counts.clear();
  }
}
