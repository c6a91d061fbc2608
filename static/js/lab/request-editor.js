import { el, milliseconds, pretty } from "./dom.js";
import { curlCommand } from "./curl.js";
import { fill, headersOf } from "./template.js";

/**
 * The form in which a visitor writes a request of their own. It calls the endpoint straight from the browser,
 * as any client would, and shows the answer, the time it took and the same call as a curl command.
 */
export class RequestEditor {
  #form;
  #curl;
  #answer;
  #endpoint = null;

  constructor(form) {
    this.#form = form;
    this.#curl = form.querySelector("[data-curl]");
    this.#answer = form.querySelector("[data-answer]");
    form.addEventListener("input", () => this.#showCurl());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
  }

  set endpoint(url) {
    this.#endpoint = url;
    this.#form.querySelector("button[type=submit]").disabled = !url;
    this.#showCurl();
  }

  /** Put a demo step's request into the form, for the reader to change and send. */
  load(request, saved) {
    const fields = this.#form.elements;
    fields.method.value = request.method;
    fields.path.value = fill(request.path, saved).replace(this.#endpoint, "");
    fields.headers.value = Object.entries(headersOf(request, saved)).map(([name, value]) => `${name}: ${value}`).join("\n");
    const body = request.json != null ? JSON.stringify(request.json, null, 2) : (request.text ?? "");
    fields.body.value = fill(body, saved);
    this.#showCurl();
    fields.path.focus();
  }

  #read() {
    const fields = this.#form.elements;
    const headers = {};
    for (const line of fields.headers.value.split("\n")) {
      const colon = line.indexOf(":");
      if (colon > 0) headers[line.slice(0, colon).trim()] = line.slice(colon + 1).trim();
    }
    const method = fields.method.value;
    const path = /^(\/|https:)/.test(fields.path.value) ? fields.path.value : `/${fields.path.value}`;
    const bodyAllowed = !["GET", "HEAD"].includes(method);
    const url = path.startsWith("/") ? (this.#endpoint ?? "$ENDPOINT") + path : path;
    return { method, url, headers, body: bodyAllowed ? fields.body.value : "" };
  }

  #showCurl() {
    this.#curl.textContent = curlCommand(this.#read());
  }

  async #send() {
    const { method, url, headers, body } = this.#read();
    const started = performance.now();
    this.#answer.hidden = false;
    this.#answer.replaceChildren(el("p", { class: "answer-line" }, "Waiting for the answer …"));
    try {
      const response = await fetch(url, { method, headers, body: body || undefined, credentials: "omit" });
      const text = await response.text();
      this.#showAnswer(response, text, performance.now() - started);
    } catch (error) {
      this.#answer.replaceChildren(
        el("p", { class: "answer-line is-error" }, `The browser could not send this: ${error.message}`),
      );
    }
  }

  #showAnswer(response, text, ms) {
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    this.#answer.replaceChildren(...[
      el("p", { class: `answer-line status-${Math.floor(response.status / 100)}` },
        el("strong", {}, `${response.status} ${response.statusText}`), ` in ${milliseconds(ms)}, measured in your browser`),
      response.redirected
        ? el("p", { class: "note" }, `Your browser followed a redirect to ${response.url}. The curl command below shows the redirect itself.`)
        : null,
      el("details", { class: "answer-headers" }, el("summary", {}, "Headers"), el("pre", {}, headers)),
      el("pre", { class: "answer-body", tabindex: "0", role: "group", "aria-label": "Response body" }, pretty(text) || "(no body)"),
    ].filter(Boolean));
  }
}
