import "../copy.js";

const A_DAY = 86_400; // seconds; a lab that lives longer lives as long as the command that opened it

/**
 * <lab-panel>: turns the panel's plain forms into a live lab on the page itself.
 *
 * Attributes: `pattern` (slug), `create` (address that makes a lab; none where nothing can run), `lab` (an existing
 * lab's id, on its own page).
 * `stranger`: the lab is another visitor's, so the panel has none of the forms that only its owner may send.
 * The lab of a pattern is remembered for the browser tab, so that a reload finds it again. Another tab asks the server for
 * the visitor's labs.
 */
class LabPanel extends HTMLElement {
  #lab = null;
  #live = null;
  #took = null;
  #levers = null;
  #boards = {};
  #clock;

  connectedCallback() {
    for (const link of this.querySelectorAll("[data-watch]")) {
      link.addEventListener("click", (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        this.#watch(link.href);
      });
    }
    if (!this.hasAttribute("create")) return; // a plain file: the recorded run can be watched, and nothing can run
    // In a stranger's panel the form leads to the new lab's page, which has all the controls.
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
    for (const kind of ["pointermove", "focusin"]) {
      addEventListener(kind, () => import("../workbench/mentions.js"), { once: true, passive: true });
    }
    this.classList.add("is-enhanced");
    this.#clock = setInterval(() => this.#showTimeLeft(), 1000);
    this.#resume();
  }

  disconnectedCallback() {
    clearInterval(this.#clock);
    this.#live?.then((live) => live.close());
  }

  /** The recorded run over the page; on its own page if that fails, and not on the browser's own when the site is away. */
  async #watch(address) {
    try {
      const { openRun } = await import("../run/open.js");
      await openRun({ page: new URL(address).pathname }, { title: "A recorded run" });
    } catch {
      const there = await fetch(address, { method: "HEAD" }).catch(() => null);
      if (there || !this.querySelector("[data-status]")) location.assign(address);
      else this.#say("The site cannot be reached. Check that it is still running.", true);
    }
  }

  get #stored() {
    return sessionStorage.getItem(this.#key);
  }

  get #key() {
    return `lab:${this.getAttribute("pattern")}`;
  }

  /** What a lab needs, fetched when one starts. A reader who runs nothing never loads it. */
  #load() {
    this.#live ??= import("./live/live.js").then(({ Live }) =>
      new Live(this, JSON.parse(this.querySelector("#lab-demo").textContent), {
        onState: (state) => this.#show(state),
        onGone: (reason) => this.#gone(reason),
        onSay: (text) => this.#say(text),
      }));
    return this.#live;
  }

  async #resume() {
    try {
      const id = this.getAttribute("lab") || this.#stored || (await ownLab(this.getAttribute("pattern")));
      if (!id) return;
      const lab = await (await api()).readLab(id);
      if (["ready", "deploying"].includes(lab.status)) await this.#adopt(lab);
      else sessionStorage.removeItem(this.#key);
    } catch {
      sessionStorage.removeItem(this.#key);
    }
  }

  /** *Run it* is shown while nothing runs. Focus on a button that goes away moves to what replaces it. */
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
      const lab = await (await api()).createLab(this.getAttribute("create"), this.getAttribute("pattern"));
      sessionStorage.setItem(this.#key, lab.id);
      labsChanged();
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
    live.followProgress(lab.id, (text) => this.#say(text));
  }

  async #show(lab) {
    const troubled = this.#lab?.trouble ?? "";
    this.#lab = { ...this.#lab, ...lab };
    this.querySelector("[data-endpoint]").textContent = this.#lab.endpoint ?? "";
    const stood = this.dataset.state;
    this.#enter(lab.status);
    (await this.#load()).show(this.#lab);
    // Shown once, when the lab becomes ready. Repeating it with every state would overwrite newer messages.
    if (lab.status === "ready" && stood !== "ready") {
      const took = this.#took;
      const whose = this.hasAttribute("stranger") ? "This" : "Your";
      const notice = this.#lab.notice ? ` ${this.#lab.notice}` : "";
      if (lab.trouble) this.#say(`${lab.trouble} Reload this page in a moment.`, true);
      else this.#say(`${whose} stack is ready${took ? `: ${(took / 1000).toFixed(2)} s after the click` : ""}.${notice}`);
    } else if (lab.status === "ready" && (this.#lab.trouble ?? "") !== troubled) {
      if (this.#lab.trouble) this.#say(this.#lab.trouble, true);
      else this.#say("The embedded AWS answers again.");
    } else if (lab.status === "failed" || lab.status === "gone") {
      this.#gone(lab.reason ?? "This lab is gone. Run it again to get a new one.");
    }
    const extend = this.querySelector("[data-extend]");
    if (extend) extend.hidden = !this.#lab?.extendable;
    this.#showTimeLeft();
    this.#showLevers();
    this.#showBoards();
  }

  async #showLevers() {
    const section = this.querySelector("[data-levers]");
    if (!section || (!this.#levers && this.#lab?.status !== "ready")) return;
    this.#levers ??= import("./levers.js").then(({ Levers }) => new Levers(section));
    (await this.#levers).show(this.#lab);
  }

  #showBoards() {
    for (const [name, load] of Object.entries(BOARDS)) {
      const section = this.querySelector(`[data-${name}]`);
      if (!section || (!this.#boards[name] && this.#lab?.status !== "ready")) continue;
      this.#boards[name] ??= load().then((Kind) => new Kind(section));
      this.#boards[name].then((board) => board.show(this.#lab));
    }
  }

  #gone(reason) {
    this.#live?.then((live) => live.show(null));
    sessionStorage.removeItem(this.#key);
    this.#enter("gone");
    labsChanged();
    this.#lab = null;
    this.#showLevers();
    this.#showBoards();
    this.#say(reason, !reason.startsWith("You "));
  }

  async #extend() {
    try {
      await this.#show(await (await api()).extendLab(this.#lab.id));
      this.#say("This lab has more time.");
      labsChanged();
    } catch (problem) {
      this.#say(problem.message, true);
    }
  }

  async #stop() {
    const id = this.#lab?.id;
    if (!id) return;
    try {
      await (await api()).deleteLab(id);
    } catch (problem) {
      if (!GONE.includes(problem.status)) return this.#say(problem.message, true);
    }
    this.#gone("You have deleted this lab and its stack.");
  }

  #showTimeLeft() {
    const left = this.#lab?.ends_at ? (Date.parse(this.#lab.ends_at) - Date.now()) / 1000 : 0;
    this.querySelector("[data-left]").textContent =
      left > 0 && left < A_DAY ? `deleted in ${Math.floor(left / 60)}:${String(Math.floor(left % 60)).padStart(2, "0")}` : "";
  }

  #say(text, isError = false) {
    const status = this.querySelector("[data-status]");
    status.textContent = text;
    status.classList.toggle("is-error", isError);
  }
}

/** The visitor's own lab of a pattern, started in another tab. Who has none asks for nothing. */
async function ownLab(pattern) {
  return "ownLabs" in document.documentElement.dataset ? (await import("../my-labs.js")).myLab(pattern) : null;
}

function labsChanged() {
  import("../my-labs.js").then((labs) => labs.labsChanged());
}

/** The labs' API, fetched when it is first called. */
const api = () => import("./api.js");

/** Sections that a lab fills, by the name in their `data-` attribute. */
const BOARDS = {
  sliders: () => import("./boards/sliders.js").then(({ Sliders }) => Sliders),
  challenges: () => import("./boards/challenges.js").then(({ Challenges }) => Challenges),
};

/** What the server says of a lab that is over already. */
const GONE = [404, 410];

customElements.define("lab-panel", LabPanel);
