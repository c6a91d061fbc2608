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

  /** Light the node, and with `arrows` the arrows that lead to it: something has just arrived. */
  light(resource, arrows = false) {
    const parts = this.get(resource);
    if (arrows) {
      const leading = `[data-edge$=">${CSS.escape(resource)}"]`;
      parts.push(...this.#figures.flatMap((figure) => [...figure.querySelectorAll(leading)].map((edge) => edge.closest("g"))));
    }
    for (const part of parts) {
      part.classList.add("is-lit");
      clearTimeout(this.#timers.get(part));
      this.#timers.set(part, setTimeout(() => part.classList.remove("is-lit"), LIT_MS));
    }
  }

  /** Raise a node's own count by one: calls of a function or of the API. */
  count(resource) {
    this.show(resource, (this.#counts.get(resource) ?? 0) + 1);
    this.light(resource, true);
  }

  show(resource, value) {
    if (this.#counts.get(resource) === value) return;
    const known = this.#counts.has(resource);
    this.#counts.set(resource, value);
    if (known) this.light(resource);
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
