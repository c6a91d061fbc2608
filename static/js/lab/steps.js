import { readSteps, runStep } from "./api.js";
import { el, milliseconds, pretty } from "./dom.js";
import { curlCommand } from "./curl.js";
import { addressOf, fill, headersOf } from "./template.js";

/**
 * The demo's steps. Each is run by the server through the lab's public endpoint, and its claims are compared with
 * what the stack itself shows; a step's saved values feed the ones after it.
 */
export class Steps {
  #items;
  #steps;
  #lab = null;
  #saved = {};

  /** @param {HTMLElement} list @param {object[]} steps @param {{onEdit: Function, onReplay: Function}} hooks */
  constructor(list, steps, { onEdit, onReplay }) {
    this.onReplay = onReplay;
    this.#steps = new Map(steps.map((step) => [step.id, step]));
    this.#items = new Map([...list.querySelectorAll("[data-step]")].map((item) => [item.dataset.step, item]));
    for (const [id, item] of this.#items) {
      item.querySelector("form").addEventListener("submit", (event) => {
        event.preventDefault();
        this.#run(id);
      });
      item.querySelector("[data-next]")?.addEventListener("click", () => this.#open(this.#after(id)));
      item.querySelector("[data-edit]")?.addEventListener("click", () => onEdit(this.#steps.get(id).request, this.#saved));
    }
  }

  set lab(lab) {
    if (lab?.id !== this.#lab?.id) {
      this.#saved = {};
      for (const item of this.#items.values()) {
        item.classList.remove("is-done", "is-failed");
        item.querySelector("[data-result]").replaceChildren();
        item.querySelector("[data-came]").textContent = "";
      }
    }
    this.#lab = lab;
    const ready = lab?.status === "ready";
    for (const item of this.#items.values()) {
      for (const button of item.querySelectorAll("form button")) button.disabled = !ready;
    }
  }

  /** Show what this lab's steps gave before: on another tab, before a reload, or by *Run one now*. */
  async restore() {
    const lab = this.#lab;
    const { steps } = await readSteps(lab.id);
    if (this.#lab?.id !== lab.id) return;
    for (const outcome of steps) {
      const item = this.#items.get(outcome.step);
      if (!item || item.hasAttribute("aria-busy")) continue;
      this.#took(item, outcome);
    }
    const next = [...this.#items].find(([, item]) => !item.matches(".is-done, .is-failed"))?.[0];
    if (steps.length && next) this.#items.get(next).querySelector("details").open = true;
  }

  #took(item, outcome) {
    Object.assign(this.#saved, outcome.saved);
    item.classList.add(outcome.ok ? "is-done" : "is-failed");
    item.querySelector("[data-result]").replaceChildren(...this.#show(this.#steps.get(outcome.step), outcome));
    item.querySelector("[data-came]").textContent = came(outcome);
  }

  #after(id) {
    const ids = [...this.#items.keys()];
    return ids[ids.indexOf(id) + 1];
  }

  /** Open one step; the one that was open closes, because all share a name. Its button gets the focus. */
  #open(id) {
    const item = this.#items.get(id);
    item.querySelector("details").open = true;
    item.scrollIntoView({ block: "nearest" });
    (item.querySelector("form button:enabled") ?? item.querySelector("summary")).focus({ preventScroll: true });
  }

  async #run(id) {
    const item = this.#items.get(id);
    if (item.hasAttribute("aria-busy")) return;
    const result = item.querySelector("[data-result]");
    const buttons = [...item.querySelectorAll("form button")]; // not `disabled`: that would take the focus from the keyboard
    buttons.forEach((button) => button.setAttribute("aria-disabled", "true"));
    item.classList.remove("is-done", "is-failed");
    item.setAttribute("aria-busy", "true");
    item.querySelector("[data-came]").textContent = "";
    result.replaceChildren(el("p", { class: "step-wait" }, "Running …"));
    try {
      const outcome = await runStep(this.#lab.id, id, this.#saved);
      this.#took(item, outcome);
      if (outcome.ok && buttons.includes(document.activeElement)) item.querySelector("[data-next]")?.focus({ preventScroll: true });
    } catch (problem) {
      item.classList.add("is-failed");
      result.replaceChildren(el("p", { class: "is-error" }, problem.message));
    } finally {
      item.removeAttribute("aria-busy");
      buttons.forEach((button) => button.removeAttribute("aria-disabled"));
    }
  }

  #show(step, outcome) {
    const parts = seen(outcome);
    const curl = step.request && this.#curlFor(step.request);
    if (outcome.cli) parts.push(command("The same with the AWS CLI", outcome.cli));
    else if (curl) parts.push(command("The same with curl", curl));
    if (outcome.run) parts.unshift(this.#replay(outcome.run, step.id));
    return parts;
  }

  #replay(run, id) {
    const title = this.#items.get(id).querySelector("h3").firstChild.textContent.trim();
    return replayButton(run, (button) => this.onReplay(run, title, button));
  }

  #curlFor(request) {
    const body = request.json != null ? JSON.stringify(request.json) : (request.text ?? "");
    return curlCommand({
      method: request.method,
      url: addressOf(this.#lab.endpoint, request, this.#saved),
      headers: headersOf(request, this.#saved),
      body: fill(body, this.#saved),
      form: request.form && JSON.parse(fill(JSON.stringify(request.form), this.#saved)),
      file: request.file,
    });
  }
}

/** A link to the run's own page that shows it in place. @param {{page: string}} run */
export function replayButton(run, show) {
  const link = el("a", { class: "button step-replay", href: run.page }, "Replay and inspect");
  link.addEventListener("click", async (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    link.setAttribute("aria-busy", "true");
    await show(link).catch(() => location.assign(run.page));
    link.removeAttribute("aria-busy");
  });
  return link;
}

/** What a step or a lever's trial gave: its answers, and each check with what was seen. */
export function seen({ answers, checks }) {
  const parts = answers.length === 1 ? oneAnswer(answers[0]) : answers.length ? [manyAnswers(answers)] : [];
  if (checks.length) {
    parts.push(el("ul", { class: "checks" }, ...checks.map((check) =>
      el("li", { class: check.ok ? "is-ok" : "is-not" },
        el("span", { class: "check-mark", "aria-hidden": "true" }, check.ok ? "✓" : "✗"),
        el("span", {}, el("span", { class: "visually-hidden" }, check.ok ? "As expected: " : "Not as expected: "), check.what),
        el("span", { class: "check-seen" }, `seen: ${check.seen}`)))));
  }
  return parts;
}

export const command = (summary, text) =>
  el("details", { class: "step-command", "data-copy": true },
    el("summary", {}, summary), el("pre", { tabindex: "0", role: "group", "aria-label": "Command" }, text), el("copy-button"));

/** What a step brought, in a few words: `50 × 202, the slowest in 412 ms`. */
function came({ answers, ok }) {
  const counts = new Map();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  const statuses = [...counts].sort(([a], [b]) => a - b).map(([status, count]) => (answers.length > 1 ? `${count} × ${status}` : status));
  const slowest = milliseconds(Math.max(0, ...answers.map(({ ms }) => ms)));
  const what = answers.length ? `${statuses.join(", ")}${answers.length > 1 ? ", the slowest" : ""} in ${slowest}` : "done";
  return ok ? what : `${what}; not as expected`;
}

function oneAnswer(answer) {
  const location = headerOf(answer, "location");
  return [
    el("p", { class: `answer-line status-${Math.floor(answer.status / 100)}` },
      el("strong", {}, String(answer.status)), ` in ${milliseconds(answer.ms)}`, location ? ` → ${location}` : null),
    answer.body
      ? el("pre", { class: "answer-body", tabindex: "0", role: "group", "aria-label": "Response body" },
          typeof answer.body === "string" ? pretty(answer.body) : JSON.stringify(answer.body, null, 2))
      : null,
  ].filter(Boolean);
}

const headerOf = (answer, name) =>
  Object.entries(answer.headers ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];

/** A burst in one line: how many of which status, and how long the middle one and the slow ones took. */
function manyAnswers(answers) {
  const counts = new Map();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return el("p", { class: "answer-line" },
    ...[...counts].sort(([a], [b]) => a - b).map(([status, count]) =>
      el("span", { class: `status-${Math.floor(status / 100)}` }, el("strong", {}, `${count} × ${status}`), " ")),
    `half within ${milliseconds(at(0.5))}, 95 % within ${milliseconds(at(0.95))}`);
}
