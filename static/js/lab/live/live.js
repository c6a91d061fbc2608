import { keepRun, readLab } from "../api.js";
import { Counters } from "./counters.js";
import { DepthChart } from "./depth-chart.js";
import { el } from "../dom.js";
import { Inside } from "./inside.js";
import { LiveDiagram } from "./live-diagram.js";
import { LiveOrder } from "./live-order.js";
import { noteReading } from "../reading.js";
import { RequestEditor } from "../request-editor.js";
import { Steps } from "../steps.js";
import { enhance, showView } from "../../workbench/watch.js";
import { Terminal } from "./terminal.js";
import { follow, TraceLog } from "./trace.js";

const PROGRESS_MS = 2000;
/**
 * What a lab shows once there is one: the diagram lit by its events, the log of its trace, charts, steps, the editor of
 * requests, and the replay of what has happened. Loaded when it is needed, and not with the page.
 */
export class Live {
  #panel;
  #hooks;
  #events = null;
  #charts = new Map();
  #lab = null;
  #meter = null;
  #reading = null;
  #restored = null;

  /** @param {HTMLElement} panel @param {object} data the demo's data @param {{onState: Function, onGone: Function, onSay: Function}} hooks */
  constructor(panel, data, hooks) {
    this.#panel = panel;
    this.#hooks = hooks;
    this.inside = new Inside(panel);
    enhance(panel);
    this.api = data.api;
    this.charted = new Set(data.queues);
    this.diagram = new LiveDiagram(document);
    this.counters = new Counters(data.counters ?? [], (id, text) => this.diagram.note(id, text));
    this.order = new LiveOrder((event, fresh) => {
      this.diagram.follow(event, fresh, this.api);
      this.counters.add(event);
    });
    this.log = new TraceLog(
      panel.querySelector("[role=log]"),
      panel.querySelector("[data-speaker]"),
      {
        onInspect: panel.hasAttribute("stranger") ? null : (trace, button) => this.#inspect(trace, button),
        onPoint: (edges) => this.diagram.point(edges),
      },
    );
    this.terminal = new Terminal(panel, data.steps, hooks.onSay);
    this.editor = new RequestEditor(panel.querySelector("[data-editor]"));
    this.steps = new Steps(panel.querySelector("[data-steps]"), data.steps, {
      onEdit: (request, saved) => {
        showView(panel, "request");
        this.editor.load(request, saved);
      },
      onReplay: (run, title) => this.replay(run, title),
    });
  }

  /** Follow this lab's events from now on. */
  adopt(lab) {
    this.close();
    this.order.clear();
    this.log.clear();
    this.counters.clear();
    this.diagram.reset();
    this.#charts.clear();
    this.#panel.querySelector("[data-charts]").replaceChildren();
    this.#panel.querySelector("[data-no-charts]").hidden = false;
    const told = (kind) => (event) => {
      this.#meter?.then((meter) => meter.stir());
      if (kind !== "gauge") this.log.add(kind, event);
      this.order.add({ kind, ...event });
      if (kind === "gauge") this.#chart(event);
      this.inside.stir(event.resource ?? event.function);
      if (kind === "request") this.terminal.arrived(event);
    };
    this.#events = follow(lab.id, {
      state: this.#hooks.onState,
      request: told("request"),
      invocation: told("invocation"),
      log: told("log"),
      gauge: told("gauge"),
      gone: (event) => this.#hooks.onGone(event.reason),
    });
  }

  /** The lab as it is now; null when it is over. */
  show(lab) {
    if (this.#lab?.drawing && lab?.drawing && lab.drawing !== this.#lab.drawing) {
      location.reload(); // another diagram, other steps: `open --watch` has deployed a changed template
      return;
    }
    this.#lab = lab;
    this.steps.lab = lab;
    this.inside.lab = lab?.status === "ready" ? lab.id : null;
    this.terminal.endpoint = lab?.endpoint ?? null;
    this.editor.endpoint = lab?.status === "ready" ? lab.endpoint : null;
    if (lab?.status === "ready") {
      this.#meter ??= this.#measure(lab.id);
      if (!this.#panel.hasAttribute("stranger")) {
        this.#restore(lab.id);
        this.#reading ??= noteReading(lab.id, this.#hooks.onState);
      }
    }
    if (!lab) this.close();
  }

  /** While CloudFormation works, `say` gets its progress. The events report when it is done. */
  async followProgress(id, say) {
    const waits = () => this.#lab?.id === id && this.#lab.status === "deploying" && this.#panel.isConnected;
    while (waits()) {
      await new Promise((done) => setTimeout(done, PROGRESS_MS));
      try {
        const { status, progress } = await readLab(id);
        if (status === "deploying" && progress && waits()) say(`Creating your stack: ${progress.text} …`);
      } catch {
        return;
      }
    }
  }

  close() {
    this.#reading?.();
    this.#reading = null;
    this.#meter?.then((meter) => meter.close());
    this.#meter = null;
    this.#events?.close();
  }

  /** Once for each lab. A result that cannot be read is shown when its step is taken again. */
  #restore(id) {
    if (this.#restored === id) return;
    this.#restored = id;
    this.steps.restore().catch(() => {});
  }

  async #measure(id) {
    const { CostMeter } = await import("../cost-meter.js");
    this.#panel.querySelector("[data-no-meter]")?.remove();
    return new CostMeter(this.#panel.querySelector("[data-meter-place]"), id);
  }

  /** Show a kept run over the page, with the player. Throws with words for the visitor. */
  async replay(run, title) {
    const { openRun } = await import("../../run/open.js");
    return openRun(run, { title, share: true });
  }

  async #inspect(trace, button) {
    const line = button.closest("li");
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true"); // not `disabled`: that would take the focus from the keyboard
    line.querySelector(".is-error")?.remove();
    try {
      const { run } = await keepRun(this.#lab.id, trace);
      await this.replay(run, "One call, inspected");
    } catch (problem) {
      line.append(el("span", { class: "trace-text is-error", role: "alert" }, problem.message));
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  #chart(event) {
    if (event.measure !== "visible" || !this.charted.has(event.resource)) return;
    let chart = this.#charts.get(event.resource);
    if (!chart) {
      chart = new DepthChart(`${event.resource}: messages waiting`);
      this.#charts.set(event.resource, chart);
      this.#panel.querySelector("[data-charts]").append(chart.element);
      this.#panel.querySelector("[data-no-charts]").hidden = true;
    }
    chart.add(event.at, event.value);
  }
}
