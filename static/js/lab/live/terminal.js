import { curlCommand } from "../curl.js";
import { el } from "../dom.js";
import { fill, headersOf } from "../template.js";

/**
 * *Copy as curl* beside the endpoint: a call of the demo for the visitor's own terminal. Once it is copied, the bar says
 * when a call of that route arrives.
 */
export class Terminal {
  #request;
  #say;
  #awaited = null;
  #button = el("button", { class: "button button-quiet", type: "button" }, "Copy as curl");

  /** @param {HTMLElement} panel @param {object[]} steps @param {(text: string) => void} say */
  constructor(panel, steps, say) {
    this.#say = say;
    const requests = steps.map((step) => step.request).filter((request) => request && isWhole(request));
    this.#request = requests.find((request) => request.method === "GET") ?? requests[0];
    if (this.#request && navigator.clipboard) panel.querySelector(".lab-endpoint").append(this.#button);
    this.#button.addEventListener("click", () => this.#copy());
  }

  /** The address to call; null while no lab is ready. */
  endpoint = null;

  /** A call has arrived at the lab's endpoint. */
  arrived({ method, path, status }) {
    const [awaited] = path.split("?");
    if (this.#awaited !== `${method} ${awaited}`) return;
    this.#awaited = null;
    this.#say(`A call has arrived: ${method} ${awaited}, answered with ${status}.`);
  }

  async #copy() {
    const { method, path, json, text } = this.#request;
    const filled = fill(path, {});
    const body = fill(json != null ? JSON.stringify(json) : (text ?? ""), {});
    const command = curlCommand({ method, url: this.endpoint + filled, headers: headersOf(this.#request, {}), body });
    try {
      await navigator.clipboard.writeText(command);
    } catch {
      return this.#say("The browser does not allow copying. The tab Request shows the command.");
    }
    this.#awaited = `${method} ${filled.split("?")[0]}`;
    this.#say("Copied. Run it in your terminal.");
  }
}

/** Whether a request needs nothing that an earlier step has saved. */
function isWhole({ path, headers, json, text, file }) {
  return !file && !/\{\{/.test(fill(JSON.stringify([path, headers, json, text]), {}));
}
