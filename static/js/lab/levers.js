import "../copy.js";
import { moveLever, readBoard, resetLevers } from "./api.js";
import { el, svg } from "./dom.js";
import { command, replayButton, seen } from "./steps.js";

/**
 * The board of levers: faults that the visitor puts into their own stack and takes out again. The board is the server's
 * own, which works without this script; here its forms are sent in place, and what is pulled is marked in the diagram.
 * The lab's state says which levers are pulled, so a lever moved on one page moves on every open page.
 */
export class Levers {
  #section;
  #atRest;
  #lab = null;
  #loading = null;

  /** @param {HTMLElement} section the panel's `[data-levers]` */
  constructor(section) {
    this.#section = section;
    this.#atRest = [...section.children].map((child) => child.cloneNode(true));
    const style = section.dataset.style;
    if (!document.querySelector(`link[href="${style}"]`)) document.head.append(el("link", { rel: "stylesheet", href: style }));
    section.addEventListener("submit", (event) => {
      event.preventDefault();
      const button = event.submitter;
      this.#move(button.closest("[data-lever]"), button.value);
    });
  }

  /** The lab, each time its state arrives; null once it is gone. */
  async show(lab) {
    if (lab?.status !== "ready") {
      if (this.#lab) this.#section.replaceChildren(...this.#atRest.map((child) => child.cloneNode(true)));
      this.#section.querySelectorAll("button").forEach((button) => (button.disabled = true));
      this.#lab = null;
      this.#remind([]);
      mark([]);
      return;
    }
    const another = lab.id !== this.#lab?.id;
    this.#lab = lab;
    if (another && !this.#section.querySelector("[data-lever]")) this.#loading = this.#load(lab.id);
    await this.#loading;
    if (this.#lab === lab) this.#stand(lab.pulled ?? []);
  }

  async #load(id) {
    try {
      const board = new DOMParser().parseFromString(await readBoard(id), "text/html").querySelector("[data-levers]");
      if (board && this.#lab?.id === id) this.#section.replaceChildren(...board.children);
    } catch (problem) {
      this.#section.append(el("p", { class: "is-error" }, problem.message));
    }
  }

  get #items() {
    return [...this.#section.querySelectorAll("[data-lever]")];
  }

  #stand(pulled) {
    for (const item of this.#items) this.#set(item, pulled.includes(item.dataset.lever));
    const broken = this.#items.filter((item) => item.classList.contains("is-pulled"));
    this.#remind(broken);
    mark(broken);
  }

  /** A reminder beside the lab's state, which stays in view: a step may fail because a lever is pulled. */
  #remind(broken) {
    const bar = this.#section.closest("lab-panel").querySelector(".lab-bar");
    const said = broken.map(titleOf).join(", ");
    const shown = bar.querySelector(".lab-broken");
    if ((shown?.dataset.said ?? "") === said) return;
    shown?.remove();
    if (!said) {
      bar.querySelector("[data-reset]")?.remove();
      return;
    }
    bar.append(el("p", { class: "lab-broken", "data-said": said }, "Broken on purpose: ", el("a", { href: "#levers" }, said)));
    if (!bar.closest("[stranger]")) bar.append(this.#reset(bar.querySelector("[data-reset]")));
  }

  /** The form that resets all faults; the page has it already if it was made while one was pulled. */
  #reset(form) {
    form ??= el("form", { class: "lab-reset", "data-reset": true },
      el("button", { class: "button button-quiet", type: "submit" }, "Reset all faults"));
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (form.hasAttribute("aria-busy")) return;
      form.setAttribute("aria-busy", "true");
      try {
        const { pulled } = await resetLevers(this.#lab.id);
        const focused = form.contains(document.activeElement);
        this.#stand(pulled);
        if (focused && !form.isConnected) document.querySelector("[data-endpoint]").focus({ preventScroll: true });
      } catch (problem) {
        form.append(el("span", { class: "is-error", role: "alert" }, ` ${problem.message}`));
      } finally {
        form.removeAttribute("aria-busy");
      }
    };
    return form;
  }

  #set(item, on) {
    const button = item.querySelector(".lever-switch");
    if (!button.hasAttribute("aria-pressed")) return;
    item.classList.toggle("is-pulled", on);
    button.setAttribute("aria-pressed", String(on));
    button.value = on ? "release" : "pull";
    item.querySelector("[data-off]").hidden = on;
    item.querySelector("[data-on]").hidden = !on;
  }

  async #move(item, what) {
    if (item.hasAttribute("aria-busy")) return;
    const result = item.querySelector("[data-result]");
    const buttons = [...item.querySelectorAll("button")];
    buttons.forEach((button) => button.setAttribute("aria-disabled", "true"));
    item.setAttribute("aria-busy", "true");
    result.replaceChildren(el("p", { class: "step-wait" }, what === "try" ? "Trying it …" : "Calling AWS …"));
    try {
      const outcome = await moveLever(this.#lab.id, item.dataset.lever, what);
      const others = this.#items.filter((other) => other !== item && other.classList.contains("is-pulled"));
      this.#stand([...others.map((other) => other.dataset.lever), ...(outcome.pulled ? [item.dataset.lever] : [])]);
      result.replaceChildren(...parts(outcome, titleOf(item)));
    } catch (problem) {
      result.replaceChildren(el("p", { class: "is-error" }, problem.message));
    } finally {
      item.removeAttribute("aria-busy");
      buttons.forEach((button) => button.removeAttribute("aria-disabled"));
    }
  }
}

async function replay(run, title) {
  const { openRun } = await import("../run/open.js");
  return openRun(run, { title, share: true });
}

function parts(outcome, title) {
  const summary = outcome.changed && outcome.cli ? `Done: ${outcome.says}` : outcome.says;
  return [
    el("p", {}, summary),
    ...(outcome.trial ? seen(outcome.trial) : []),
    outcome.cli ? command("The same with the AWS CLI", outcome.cli) : null,
    outcome.run ? el("p", {}, replayButton(outcome.run, () => replay(outcome.run, title))) : null,
  ].filter(Boolean);
}

/** Mark in every diagram of the page what the pulled levers break, with text for screen readers. */
function mark(pulled) {
  document.querySelectorAll("[data-diagram] .is-broken").forEach((part) => part.classList.remove("is-broken"));
  document.querySelectorAll("[data-diagram] .broken").forEach((sign) => sign.remove());
  for (const item of pulled) {
    const name = `Broken: ${titleOf(item)}`;
    for (const id of words(item.dataset.nodes)) {
      for (const node of document.querySelectorAll(`[data-diagram] [data-node="${CSS.escape(id)}"]`)) {
        node.classList.add("is-broken");
        const known = node.querySelectorAll(":scope > .broken").length;
        node.append(sign(known * 16, 0, { role: "img", "aria-label": name }));
      }
    }
    for (const key of words(item.dataset.edges)) {
      for (const path of document.querySelectorAll(`[data-diagram] [data-edge="${CSS.escape(key)}"]`)) {
        path.closest("g").classList.add("is-broken");
        const length = path.getTotalLength();
        if (length < ROOMY) continue;
        const { x, y } = path.getPointAtLength(length / 4); // the flow's number is in the middle
        path.closest("g").append(sign(x, y, {}));
      }
    }
  }
}

/** The shortest arrow that a sign does not crowd, in units of the picture. */
const ROOMY = 90;

const titleOf = (item) => item.querySelector(".lever-title").textContent;

const words = (text) => text.split(" ").filter(Boolean);

const sign = (x, y, attributes) =>
  svg("g", { class: "broken", transform: `translate(${x} ${y})`, ...attributes },
    svg("circle", { r: "9" }), svg("path", { d: "M-3.5-3.5l7 7m0-7l-7 7" }));
