import { readPart } from "../api.js";
import { el } from "../dom.js";

/**
 * A section of the panel that the server renders for a lab (`?part=board`) and that works without scripts. Here it is
 * loaded when a lab is ready, and its forms are sent in place.
 */
export class Board {
  #section;
  #address;
  #atRest;
  lab = null;

  /**
   * @param {HTMLElement} section
   * @param {string} address its last part: `challenges` of `/labs/<id>/challenges`
   */
  constructor(section, address) {
    this.#section = section;
    this.#address = address;
    this.#atRest = [...section.children].map((child) => child.cloneNode(true));
    const style = section.dataset.style;
    if (!document.querySelector(`link[href="${style}"]`)) document.head.append(el("link", { rel: "stylesheet", href: style }));
  }

  /** The lab, each time its state arrives; null once it is gone. */
  async show(lab) {
    if (lab?.status !== "ready") {
      if (this.lab) this.#section.replaceChildren(...this.#atRest.map((child) => child.cloneNode(true)));
      this.lab = null;
      return;
    }
    const another = lab.id !== this.lab?.id;
    this.lab = lab;
    if (!another || this.#section.querySelector("form")) return;
    try {
      const html = await readPart(`/labs/${lab.id}/${this.#address}?part=board`, "This part of the lab could not be read.");
      const board = new DOMParser().parseFromString(html, "text/html").getElementById(this.#section.id);
      if (board && this.lab?.id === lab.id) this.#section.replaceChildren(...board.children);
    } catch (problem) {
      this.#section.append(el("p", { class: "is-error" }, problem.message));
    }
  }

  /** Do something for an item while it is marked as busy; its result, or the refusal, goes into its `[data-result]`. */
  async busy(item, says, work) {
    if (item.hasAttribute("aria-busy")) return;
    const result = item.querySelector("[data-result]");
    const buttons = [...item.querySelectorAll("button")];
    buttons.forEach((button) => button.setAttribute("aria-disabled", "true"));
    item.setAttribute("aria-busy", "true");
    result.replaceChildren(el("p", { class: "step-wait" }, says));
    try {
      result.replaceChildren(...(await work()));
    } catch (problem) {
      result.replaceChildren(el("p", { class: "is-error" }, problem.message));
    } finally {
      item.removeAttribute("aria-busy");
      buttons.forEach((button) => button.removeAttribute("aria-disabled"));
    }
  }
}
