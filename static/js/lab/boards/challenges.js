import { call } from "../api.js";
import { el } from "../dom.js";
import { seen } from "../steps.js";
import { Board } from "./board.js";

/** The challenges of a lab. What is won is kept by the server: in the lab, and in a cookie for later labs. */
export class Challenges extends Board {
  /** @param {HTMLElement} section the panel's `[data-challenges]` */
  constructor(section) {
    super(section, "challenges");
    section.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#act(event.submitter.closest("[data-challenge]"), event.submitter.value);
    });
  }

  #act(item, what) {
    return this.busy(item, what === "check" ? "Checking your stack …" : "Starting over …", async () => {
      const progress = await call("POST", `/labs/${this.lab.id}/challenges/${item.dataset.challenge}`, { do: what });
      item.classList.toggle("is-won", progress.won);
      if (progress.won) Object.assign(item.querySelector("[data-won]"), { hidden: false, textContent: "won" });
      if (what === "check") return outcome(progress);
      item.querySelector("[data-since]").textContent = "Counts since less than a minute ago.";
      return [el("p", {}, "Started over: it counts from now.")];
    });
  }
}

const outcome = (progress) => [
  el("p", {}, el("strong", {}, progress.ok ? "Won." : "Not yet.")),
  ...seen({ answers: [], checks: progress.checks }),
];
