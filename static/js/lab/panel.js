import { createLab, deleteLab, extendLab, readLab } from "./api.js";

/**
 * <lab-panel>: turns the panel's plain forms into a live lab on the page itself.
 *
 * Attributes: `pattern` (slug), `create` (address that makes a lab; none where nothing can run), `lab` (an existing
 * lab's id, on its own page).
 * `stranger`: the lab is another visitor's, so the panel has none of the forms that only its owner may send.
 * The lab of a pattern is remembered for the browser tab, so that a reload finds it again.
 */
class LabPanel extends HTMLElement {
  #lab = null;
  #live = null;
  #took = null;
  #levers = null;
  #clock;

  connectedCallback() {
    const watch = this.querySelector("[data-watch]");
    watch?.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      import("../run/open.js")
        .then(({ openRun }) => openRun({ page: watch.getAttribute("href") }, { title: "A recorded run" }))
        .catch(() => location.assign(watch.href));
    });
    if (!this.hasAttribute("create")) return; // a plain file: what was recorded can be watched, and nothing run
    // In a stranger's panel the form leads to the page of the new lab, whose owner lacks no control.
    for (const form of this.hasAttribute("stranger") ? [] : this.querySelectorAll("[data-run]")) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.#run();
      });
    }
    this.querySelector("[data-stop]")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#stop();
    });
    this.querySelector("[data-extend]")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#extend();
    });
    this.classList.add("is-enhanced");
    this.#clock = setInterval(() => this.#showTimeLeft(), 1000);
    this.#resume();
  }

  disconnectedCallback() {
    clearInterval(this.#clock);
    this.#live?.then((live) => live.close());
  }

  get #key() {
    return `lab:${this.getAttribute("pattern")}`;
  }

  /** What a lab needs, fetched when there is to be one: a reader who runs nothing is spared it. */
  #load() {
    this.#live ??= import("./live.js").then(({ Live }) =>
      new Live(this, JSON.parse(this.querySelector("#lab-demo").textContent), {
        onState: (state) => this.#show(state),
        onGone: (reason) => this.#gone(reason),
      }));
    return this.#live;
  }

  async #resume() {
    const id = this.getAttribute("lab") || sessionStorage.getItem(this.#key);
    if (!id) return;
    try {
      const lab = await readLab(id);
      if (["ready", "deploying"].includes(lab.status)) await this.#adopt(lab);
      else sessionStorage.removeItem(this.#key);
    } catch {
      sessionStorage.removeItem(this.#key);
    }
  }

  /** *Run it* is there while nothing runs. Whoever stood on a button that leaves is taken to what comes in its place. */
  #enter(state) {
    const run = this.querySelector("[data-run] button");
    const stood = document.activeElement;
    this.dataset.state = state;
    if (state === "ready" && stood === run) this.querySelector("[data-endpoint]").focus({ preventScroll: true });
    if (state === "gone" && this.querySelector("[data-stop]")?.contains(stood)) run?.focus({ preventScroll: true });
  }

  async #run() {
    if (this.dataset.state === "deploying") return;
    this.#enter("deploying");
    this.#say("Creating your stack …");
    const started = performance.now();
    this.#load();
    try {
      const lab = await createLab(this.getAttribute("create"), this.getAttribute("pattern"));
      sessionStorage.setItem(this.#key, lab.id);
      await this.#adopt(lab, performance.now() - started);
    } catch (problem) {
      this.#enter("none");
      this.#say(problem.message, true);
      this.#offer(problem.labs ?? []);
    }
  }

  /** The labs that leave no room for another one: there they can be deleted. */
  #offer(labs) {
    labs.forEach(({ title, page }, place) => {
      const link = Object.assign(document.createElement("a"), { href: page, textContent: title });
      this.querySelector("[data-status]").append(place ? ", " : " Yours: ", link);
    });
  }

  async #adopt(lab, took = null) {
    this.#took = took;
    const live = await this.#load();
    live.adopt(lab);
    await this.#show(lab);
  }

  async #show(lab) {
    this.#lab = { ...this.#lab, ...lab };
    this.querySelector("[data-endpoint]").textContent = this.#lab.endpoint ?? "";
    const stood = this.dataset.state;
    this.#enter(lab.status);
    (await this.#load()).show(this.#lab);
    // Told when it becomes so, and not each time that the state is told: what was said since would be lost.
    if (lab.status === "ready" && stood !== "ready") {
      const took = this.#took;
      const whose = this.hasAttribute("stranger") ? "This" : "Your";
      this.#say(`${whose} stack is ready${took ? `: ${(took / 1000).toFixed(2)} s from the click` : ""}.`);
    } else if (lab.status === "failed" || lab.status === "gone") {
      this.#gone(lab.reason ?? "This lab is gone. Run it again for a fresh one.");
    }
    const extend = this.querySelector("[data-extend]");
    if (extend) extend.hidden = !this.#lab?.extendable;
    this.#showTimeLeft();
    this.#showLevers();
  }

  async #showLevers() {
    const section = this.querySelector("[data-levers]");
    if (!section || (!this.#levers && this.#lab?.status !== "ready")) return;
    this.#levers ??= import("./levers.js").then(({ Levers }) => new Levers(section));
    (await this.#levers).show(this.#lab);
  }

  #gone(reason) {
    this.#live?.then((live) => live.show(null));
    sessionStorage.removeItem(this.#key);
    this.#enter("gone");
    this.#lab = null;
    this.#showLevers();
    this.#say(reason, true);
  }

  async #extend() {
    try {
      await this.#show(await extendLab(this.#lab.id));
      this.#say("This lab has its time anew.");
    } catch (problem) {
      this.#say(problem.message, true);
    }
  }

  async #stop() {
    const id = this.#lab?.id;
    if (!id) return;
    try {
      await deleteLab(id);
    } catch (problem) {
      if (!GONE.includes(problem.status)) return this.#say(problem.message, true);
    }
    this.#gone("You have stopped this lab and its stack is deleted.");
  }

  #showTimeLeft() {
    const left = this.#lab?.expires_at ? (Date.parse(this.#lab.expires_at) - Date.now()) / 1000 : 0;
    this.querySelector("[data-left]").textContent =
      left > 0 ? `deleted in ${Math.floor(left / 60)}:${String(Math.floor(left % 60)).padStart(2, "0")}` : "";
  }

  #say(text, isError = false) {
    const status = this.querySelector("[data-status]");
    status.textContent = text;
    status.classList.toggle("is-error", isError);
  }
}

/** What the server says of a lab that is over already. */
const GONE = [404, 410];

customElements.define("lab-panel", LabPanel);
