import { LiveDiagram } from "../lab/live/live-diagram.js";

/**
 * Counts the events of one lab from `start` on: shows the counts in the element's `[data-count]` places, and the events
 * on the diagram in `figure`.
 */
export class Tally {
  #lab;
  #places;
  #counts = {};
  #events = null;
  #diagram = null;
  #api;

  constructor(lab, element, figure) {
    this.#lab = lab;
    this.#api = figure?.dataset.api;
    if (figure) this.#diagram = new LiveDiagram(figure);
    this.#places = [...element.querySelectorAll("[data-count]")];
  }

  /** Begin at zero. `since` is a time of the server's clock in Unix seconds: the stream also has earlier events. */
  start(since) {
    this.close();
    this.#counts = { answers: 0, failed: 0, invocations: 0 };
    this.#show();
    this.#diagram?.reset();
    this.#events = new EventSource(`/labs/${this.#lab}/events`);
    this.#on("request", since, (event) => {
      this.#counts.answers += 1;
      if (event.status >= 500) this.#counts.failed += 1;
    });
    this.#on("invocation", since, () => (this.#counts.invocations += 1));
    this.#on("log", since, () => {});
    this.#on("gauge", since, () => {});
  }

  close() {
    this.#events?.close();
    this.#events = null;
  }

  #on(kind, since, count) {
    this.#events.addEventListener(kind, (message) => {
      const event = JSON.parse(message.data);
      if (event.at < since) return;
      count(event);
      this.#diagram?.follow({ kind, ...event }, true, this.#api);
      this.#show();
    });
  }

  #show() {
    for (const place of this.#places) place.textContent = this.#counts[place.dataset.count] ?? 0;
  }
}
