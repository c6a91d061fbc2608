import { createLab, deleteLab, extendLab, Problem, readLab } from "./api.js";
import { DepthChart } from "./depth-chart.js";
import { LiveDiagram } from "./live-diagram.js";
import { RequestEditor } from "./request-editor.js";
import { Steps } from "./steps.js";
import { follow, TraceLog } from "./trace.js";

/**
 * <lab-panel>: turns the panel's plain forms into a live lab on the page itself.
 *
 * Attributes: `pattern` (slug), `create` (address that makes a lab), `lab` (an existing lab's id, on its own page).
 * The lab of a pattern is remembered for the browser tab, so that a reload finds it again.
 */
class LabPanel extends HTMLElement {
  #lab = null;
  #events = null;
  #charts = new Map();
  #took = null;
  #clock;

  connectedCallback() {
    const data = JSON.parse(this.querySelector("#lab-demo").textContent);
    this.diagram = new LiveDiagram(document);
    this.log = new TraceLog(this.querySelector("[role=log]"));
    this.editor = new RequestEditor(this.querySelector("[data-editor]"));
    this.steps = new Steps(this.querySelector("[data-steps]"), data.steps, {
      onEdit: (request, saved) => this.editor.load(request, saved),
    });
    this.api = data.api;
    this.charted = new Set(data.queues);
    for (const form of this.querySelectorAll("[data-run]")) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.#run();
      });
    }
    this.querySelector("[data-stop]").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#stop();
    });
    this.querySelector("[data-extend]").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#extend();
    });
    this.classList.add("is-enhanced");
    this.#clock = setInterval(() => this.#showTimeLeft(), 1000);
    this.#resume();
  }

  disconnectedCallback() {
    clearInterval(this.#clock);
    this.#events?.close();
  }

  get #key() {
    return `lab:${this.getAttribute("pattern")}`;
  }

  async #resume() {
    const id = this.getAttribute("lab") || sessionStorage.getItem(this.#key);
    if (!id) return;
    try {
      const lab = await readLab(id);
      if (["ready", "deploying"].includes(lab.status)) this.#adopt(lab);
      else sessionStorage.removeItem(this.#key);
    } catch {
      sessionStorage.removeItem(this.#key);
    }
  }

  async #run() {
    this.dataset.state = "deploying";
    this.#say("Creating your stack …");
    const started = performance.now();
    try {
      const lab = await createLab(this.getAttribute("create"), this.getAttribute("pattern"));
      sessionStorage.setItem(this.#key, lab.id);
      this.#adopt(lab, performance.now() - started);
    } catch (problem) {
      this.dataset.state = "none";
      const wait = problem instanceof Problem && problem.retryAfter ? ` Try again in ${problem.retryAfter} s.` : "";
      this.#say(problem.message + wait, true);
    }
  }

  #adopt(lab, took = null) {
    this.#took = took;
    this.#events?.close();
    this.log.clear();
    this.diagram.reset();
    this.#charts.clear();
    this.querySelector("[data-charts]").replaceChildren();
    this.#events = follow(lab.id, {
      state: (state) => this.#show(state),
      request: (event) => {
        this.log.add("request", event);
        if (this.api) this.diagram.count(this.api);
      },
      invocation: (event) => {
        this.log.add("invocation", event);
        this.diagram.count(event.function);
      },
      log: (event) => {
        this.log.add("log", event);
        this.diagram.light(event.function);
      },
      gauge: (event) => this.#gauge(event),
      gone: (event) => this.#gone(event.reason),
    });
    this.#show(lab);
  }

  #show(lab) {
    this.#lab = { ...this.#lab, ...lab };
    this.dataset.state = lab.status;
    this.steps.lab = this.#lab;
    this.editor.endpoint = lab.status === "ready" ? this.#lab.endpoint : null;
    this.querySelector("[data-endpoint]").textContent = this.#lab.endpoint ?? "";
    if (lab.status === "ready") {
      const took = this.#took;
      this.#say(took ? `Your stack is ready: ${(took / 1000).toFixed(2)} s from the click.` : "Your stack is ready.");
    } else if (lab.status === "failed" || lab.status === "gone") {
      this.#gone(lab.reason ?? "This lab is gone. Run it again for a fresh one.");
    }
    this.querySelector("[data-extend]").hidden = !this.#lab?.extendable;
    this.#showTimeLeft();
  }

  #gauge(event) {
    if (event.measure === "items") {
      this.diagram.show(event.resource, event.value);
      return;
    }
    if (event.measure === "visible") {
      this.diagram.show(event.resource, event.value);
      if (!this.charted.has(event.resource)) return;
      let chart = this.#charts.get(event.resource);
      if (!chart) {
        chart = new DepthChart(`${event.resource}: messages waiting`);
        this.#charts.set(event.resource, chart);
        this.querySelector("[data-charts]").append(chart.element);
      }
      chart.add(event.at, event.value);
    }
  }

  #gone(reason) {
    this.#events?.close();
    sessionStorage.removeItem(this.#key);
    this.dataset.state = "gone";
    this.#lab = null;
    this.steps.lab = null;
    this.editor.endpoint = null;
    this.#say(reason, true);
  }

  async #extend() {
    try {
      this.#show(await extendLab(this.#lab.id));
      this.#say("This lab has its time anew.");
    } catch (problem) {
      this.#say(problem.message, true);
    }
  }

  async #stop() {
    const id = this.#lab?.id;
    if (!id) return;
    this.#events?.close();
    await deleteLab(id).catch(() => {});
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

customElements.define("lab-panel", LabPanel);
