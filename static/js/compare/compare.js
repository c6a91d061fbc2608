import { call, readPart } from "../lab/api.js";
import { Tally } from "./tally.js";

/**
 * <compare-run>: sends the traffic without leaving the page, counts on both sides while it runs, and puts the result
 * in its place. Attributes: `data-comparison` (id), `data-pattern` and `data-naive` (the labs' ids).
 */
class CompareRun extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("[data-send]");
    this.page = `/labs/comparisons/${this.dataset.comparison}`;
    this.result = document.querySelector("[data-result]");
    this.result?.addEventListener("change", (event) => this.#reckon(event));
    this.result?.addEventListener("submit", (event) => this.#reckon(event));
    document.documentElement.classList.add("compares");
    if (!this.form) return;
    this.tallies = ["pattern", "naive"].map(
      (side) => new Tally(
        this.dataset[side],
        this.querySelector(`[data-side="${side}"]`),
        document.querySelector(`[data-live-side="${side}"]`),
      ),
    );
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#run();
    });
    if ("running" in this.dataset) this.#await();
  }

  disconnectedCallback() {
    for (const tally of this.tallies ?? []) tally.close();
  }

  async #run() {
    this.#say("Sending the same traffic to both …");
    this.#busy(true);
    try {
      const { now } = await this.#read();
      for (const tally of this.tallies) tally.start(now);
      await this.#conclude(await call("POST", this.form.action));
    } catch (problem) {
      this.#say(problem.message, true);
    }
    this.#busy(false);
  }

  /** Another request is running it: poll until it is over. */
  async #await() {
    this.#busy(true);
    for (;;) {
      await new Promise((done) => setTimeout(done, 1000));
      const answer = await this.#read().catch(() => null);
      if (answer && answer.state !== "running") {
        await this.#conclude(answer).catch((problem) => this.#say(problem.message, true));
        this.#busy(false);
        return;
      }
    }
  }

  #read() {
    return call("GET", this.page);
  }

  async #conclude(comparison) {
    if (comparison.state === "failed") {
      this.#say(comparison.reason, true);
      return;
    }
    await this.#load("result", "", this.result);
    this.#say("Done. The figures are below.");
    this.form.querySelector("button").textContent = "Send it again";
    const section = this.result.querySelector("#result");
    section?.focus({ preventScroll: true });
    section?.scrollIntoView({ block: "start" });
  }

  async #reckon(event) {
    const form = event.target.closest("[data-rate]");
    if (!form) return;
    event.preventDefault();
    const focused = document.activeElement?.name;
    const costs = this.result.querySelector("#costs");
    try {
      await this.#load("costs", `&${new URLSearchParams(new FormData(form))}`, costs, "replaceWith");
    } catch {
      return form.submit(); // load the whole page instead, which shows what is wrong
    }
    this.result.querySelector(`[data-rate] [name="${focused}"]`)?.focus();
  }

  async #load(part, query, place, how = "replaceChildren") {
    const html = await readPart(`${this.page}?part=${part}${query}`, "The figures could not be loaded.");
    place[how](...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  }

  #busy(is) {
    this.form.querySelector("button").disabled = is;
    this.querySelector("[data-live]").hidden = !is;
    if (!is) for (const tally of this.tallies) tally.close();
  }

  #say(text, isError = false) {
    const line = this.querySelector("[data-say]");
    line.textContent = text;
    line.classList.toggle("compare-error", isError);
  }
}

customElements.define("compare-run", CompareRun);
