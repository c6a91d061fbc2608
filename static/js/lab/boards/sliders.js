import "../../copy.js";
import { call } from "../api.js";
import { el } from "../dom.js";
import { command } from "../steps.js";
import { Board } from "./board.js";

/** The sliders of a lab: a setting is applied when its slider is let go, traffic is sent by its button. */
export class Sliders extends Board {
  /** @param {HTMLElement} section the panel's `[data-sliders]` */
  constructor(section) {
    super(section, "sliders");
    section.addEventListener("input", ({ target }) => {
      target.form.querySelector("output").value = target.value;
    });
    section.addEventListener("change", ({ target }) => {
      const item = target.closest("[data-slider]");
      if ("sets" in item.dataset) this.#move(item, target);
    });
    section.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#move(event.target.closest("[data-slider]"), event.target.elements.value);
    });
  }

  async #move(item, range) {
    if (item.hasAttribute("aria-busy")) return; // what is chosen meanwhile is applied afterward
    const value = range.value;
    await this.busy(item, "sets" in item.dataset ? "Calling AWS …" : "Sending …", async () => {
      const moved = await call("POST", `/labs/${this.lab.id}/sliders/${item.dataset.slider}`, { value: Number(value) });
      return [el("p", {}, moved.says), moved.cli ? command("The same with the AWS CLI", moved.cli) : null].filter(Boolean);
    });
    if ("sets" in item.dataset && range.value !== value) this.#move(item, range);
  }
}
