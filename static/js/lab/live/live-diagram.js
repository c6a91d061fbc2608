/**
 * Lights a diagram from what was observed, live or in a replay, and keeps a count on each node.
 * A light says that something was seen at that node or edge, never that a script expected it.
 */
const LIT_MS = 900;
const TRAVEL_MS = 420;
const MOST_TRAVELLERS = 16;
const SVG = "http://www.w3.org/2000/svg";
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** What a table, a bucket and a state machine hold. In anything else, it waits. */
const HELD = { items: "item", objects: "object", running: "execution" };

function held({ measure, value }) {
  const one = HELD[measure];
  return `${value} ${one ? `${one}${value === 1 ? "" : "s"}` : "waiting"}`;
}

export class LiveDiagram {
  #figures;
  #counts = new Map();
  #notes = new Map();
  #lit = new Map();
  #travellers = 0;

  constructor(root) {
    // A player within the page has a picture of its own.
    const figures = [...root.querySelectorAll("[data-diagram]")];
    this.#figures = root === document ? figures.filter((figure) => !figure.closest("run-player")) : figures;
  }

  #nodes(id) {
    return this.#figures.flatMap((figure) => [...figure.querySelectorAll(`[data-node="${CSS.escape(id)}"]`)]);
  }

  #edges(key) {
    return this.#figures.flatMap((figure) => [...figure.querySelectorAll(`[data-edge="${CSS.escape(key)}"]`)]);
  }

  #flash(part) {
    part.classList.add("is-lit");
    clearTimeout(this.#lit.get(part));
    this.#lit.set(part, setTimeout(() => part.classList.remove("is-lit"), LIT_MS));
  }

  light(id) {
    this.#nodes(id).forEach((node) => this.#flash(node));
  }

  /** Show where edges are, for a reader who points at a line of the log. */
  point(keys) {
    keys.forEach((key) => this.#edges(key).forEach((path) => this.#flash(path.closest("g"))));
  }

  /** Something went along an edge, `Source>Target`; with `<` before it an answer came back. */
  pass(way) {
    const back = way.startsWith("<");
    const key = back ? way.slice(1) : way;
    const paths = this.#edges(key);
    paths.forEach((path) => this.#flash(path.closest("g")));
    this.travel(way);
    this.light(back ? key.split(">")[0] : key.split(">")[1]);
  }

  /** A dot that goes the way of what was seen; not where motion is unwelcome, and never a swarm of them. */
  travel(way) {
    if (still.matches) return;
    const back = way.startsWith("<");
    for (const path of this.#edges(back ? way.slice(1) : way)) {
      if (this.#travellers >= MOST_TRAVELLERS || !path.getClientRects().length) continue;
      const dot = document.createElementNS(SVG, "circle");
      dot.setAttribute("class", "traveller");
      dot.setAttribute("r", back ? "3.5" : "5");
      const length = path.getTotalLength();
      const begun = performance.now();
      const place = (part) => {
        const eased = part * part * (3 - 2 * part);
        const at = path.getPointAtLength(length * (back ? 1 - eased : eased));
        dot.setAttribute("cx", at.x);
        dot.setAttribute("cy", at.y);
      };
      place(0);
      path.closest("svg").append(dot);
      this.#travellers += 1;
      const step = (now) => {
        const part = Math.min(1, Math.max(0, now - begun) / TRAVEL_MS);
        place(part);
        if (part < 1 && dot.isConnected) return requestAnimationFrame(step);
        dot.remove();
        this.#travellers -= 1;
      };
      requestAnimationFrame(step);
    }
  }

  /** Raise a node's own count by one: `count("OrderApi", "request")` writes `3 requests`. */
  count(id, unit) {
    const value = (parseInt(this.#counts.get(id), 10) || 0) + 1;
    this.show(id, `${value} ${unit}${value === 1 ? "" : "s"}`);
  }

  /**
   * Show an event of a lab's stream: the edges that the server concluded from it, and the counts of the nodes.
   * `fresh`: it has just happened. `api`: the node whose requests are counted.
   */
  follow(event, fresh, api) {
    if (fresh) event.edges?.forEach((edge) => this.pass(edge));
    switch (event.kind) {
      case "request":
        if (api) this.count(api, "request");
        break;
      case "invocation":
        this.count(event.function, "run");
        if (fresh) this.light(event.function);
        break;
      case "log":
        if (fresh) this.light(event.function);
        break;
      case "gauge":
        if (event.measure === "in_flight") return;
        // The first reading shows the current state. It is not an event.
        if (fresh && this.counts(event.resource)) this.light(event.resource);
        this.show(event.resource, held(event));
    }
  }

  counts(id) {
    return this.#counts.has(id);
  }

  /** Write a node's count. */
  show(id, text) {
    this.#counts.set(id, text);
    this.#write(id, text);
  }

  /** A second text beside the node's count, of something else that is counted there. */
  note(id, text) {
    this.#notes.set(id, text);
    this.#write(id, this.#counts.get(id) ?? "");
  }

  #write(id, count) {
    const text = [count, this.#notes.get(id)].filter(Boolean).join(" · ");
    for (const node of this.#nodes(id)) {
      const counter = node.querySelector("[data-count]");
      if (counter) counter.textContent = text;
      node.classList.toggle("has-count", text !== "");
    }
  }

  /** Show exactly this and nothing else: nodes and edges (as `pass` takes them) that are lit, texts of counts by node. */
  state({ nodes, edges, counts }) {
    this.#lit.forEach(clearTimeout);
    this.#lit.clear();
    const lit = new Set([
      ...[...nodes].flatMap((id) => this.#nodes(id)),
      ...[...edges].flatMap((way) => this.#edges(way.replace("<", "")).map((path) => path.closest("g"))),
    ]);
    for (const figure of this.#figures) {
      for (const part of figure.querySelectorAll(".node, .edge")) part.classList.toggle("is-lit", lit.has(part));
    }
    for (const id of this.#counts.keys()) if (!counts.has(id)) this.#write(id, "");
    this.#counts = new Map(counts);
    counts.forEach((text, id) => this.#write(id, text));
  }

  reset() {
    this.#notes.forEach((_, id) => this.note(id, ""));
    this.state({ nodes: [], edges: [], counts: new Map() });
  }
}
