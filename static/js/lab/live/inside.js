import { readPart } from "../api.js";
import { el } from "../dom.js";
import { showView } from "../../workbench/watch.js";

const SETTLE_MS = 300;
const EVERY_MS = 1000;
const LEAST_PX = 240;
const still = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * The tab *Inside*: a press on a box of the diagram shows what is in it, read from the running stack, and reads it again
 * when something happened there. While nothing runs, boxes lead to their lines of the template.
 */
export class Inside {
  #panel;
  #place = el("div");
  #lab = null;
  #resource = null;
  #due = 0;
  #timer = 0;
  #turn = 0;
  #html = "";

  /** Call before the sections become tabs. */
  constructor(panel) {
    this.#panel = panel;
    this.#hint();
    panel.querySelector("[data-tabs]").append(
      el("section", { "data-view": "inside" }, el("h3", { class: "run-view__title" }, "Inside"), this.#place),
    );
    const diagram = panel.querySelector("#diagram");
    diagram?.addEventListener("click", (event) => this.#press(event));
    diagram?.addEventListener("keydown", (event) => {
      if (event.key === " " && this.#lab && event.target.closest("[data-node] a")) this.#press(event);
    });
  }

  /** The id of the ready lab whose boxes can be opened; null if there is none. */
  set lab(id) {
    if (id === this.#lab) return;
    this.#lab = id;
    this.#resource = null;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#turn += 1;
    this.#mark();
    for (const link of this.#links()) {
      link.dataset.label ??= link.getAttribute("aria-label");
      link.setAttribute("aria-label", id ? `${link.dataset.label.split(":")[0]}: look inside` : link.dataset.label);
      if (id) link.setAttribute("role", "button");
      else link.removeAttribute("role");
    }
    this.#hint();
  }

  #links() {
    return this.#panel.querySelectorAll("#diagram [data-node] a");
  }

  #mark() {
    for (const link of this.#links()) {
      const node = link.closest("[data-node]");
      node.classList.toggle("is-open", node.dataset.node === this.#resource);
    }
  }

  /** Something happened at this resource. */
  stir(resource) {
    if (!this.#lab || resource !== this.#resource || this.#place.closest("[hidden]")) return;
    this.#timer ||= setTimeout(() => this.#read(), Math.max(SETTLE_MS, this.#due - performance.now()));
  }

  #hint() {
    const words = "Press a box of the diagram to see what is in it: a queue’s messages, a table’s items, a function’s log and permissions.";
    this.#show(el("p", { class: "lab-none" }, words));
  }

  #press(event) {
    const node = event.target.closest("[data-node]");
    const link = node?.querySelector("a");
    if (!link || !this.#lab || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    this.#resource = node.dataset.node;
    this.#mark();
    this.#show(el("p", { class: "lab-none" }, "Reading …"));
    const whole = this.#panel.querySelector("#diagram.is-overlay [data-close]");
    if (whole) addEventListener("popstate", () => this.#open(), { once: true });
    if (whole) whole.click();
    else this.#open();
  }

  #open() {
    showView(this.#panel, "inside");
    if (!this.#place.closest(".is-overlay") && this.#place.getBoundingClientRect().top > innerHeight - LEAST_PX) {
      this.#panel.querySelector(".bench").scrollIntoView({ behavior: still.matches ? "auto" : "smooth" });
    }
    this.#read(true);
  }

  async #read(pressed = false) {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#due = performance.now() + EVERY_MS;
    const turn = (this.#turn += 1);
    let html;
    try {
      html = await readPart(`/labs/${this.#lab}/inside/${this.#resource}?part=view`, "Nothing can be seen in this box.");
    } catch (problem) {
      if (turn === this.#turn) this.#show(el("p", { class: "lab-none" }, problem.message));
      return;
    }
    if (turn !== this.#turn || (html === this.#html && !pressed)) return;
    const template = document.createElement("template");
    template.innerHTML = html;
    const stood = this.#place.querySelector(".inside-log")?.scrollTop;
    this.#show(template.content);
    this.#html = html;
    const log = this.#place.querySelector(".inside-log");
    if (log) log.scrollTop = pressed || stood === undefined ? log.scrollHeight : stood;
    if (pressed) this.#panel.querySelector("[data-speaker]").textContent = `Inside ${this.#resource}.`;
  }

  #show(content) {
    this.#html = "";
    this.#place.replaceChildren(content);
  }
}
