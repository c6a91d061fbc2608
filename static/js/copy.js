const FOLDED_LINES = 8;

/** <copy-button>: copies the code of the element around it marked `data-copy`, or what `for` names. */
class CopyButton extends HTMLElement {
  #button = document.createElement("button");
  #timer;

  connectedCallback() {
    if (!navigator.clipboard) return;
    this.#button.type = "button";
    this.#button.textContent = "Copy";
    this.#button.addEventListener("click", () => this.#copy());
    this.setAttribute("aria-live", "polite");
    this.replaceChildren(this.#button);
  }

  get #text() {
    const id = this.getAttribute("for");
    const from = id ? document.getElementById(id) : this.closest("[data-copy]");
    const code = from?.querySelector("pre") ?? from;
    return code?.textContent.replace(/\n$/, "") ?? "";
  }

  async #copy() {
    let message = "Copied";
    try {
      await navigator.clipboard.writeText(this.#text);
    } catch {
      message = "Copying failed";
    }
    this.#button.textContent = message;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#button.textContent = "Copy"), 2000);
  }
}

customElements.define("copy-button", CopyButton);

for (const figure of document.querySelectorAll("figure[data-copy]")) {
  figure.querySelector("figcaption")?.append(new CopyButton());
}

/**
 * Long code on a pattern's page is shown in a box of eight lines that scrolls (static/css/components/workbench/code.css).
 * A button below it shows all of it.
 */
for (const figure of document.querySelectorAll(".workbench figure.code")) {
  const lines = figure.querySelectorAll(".line").length;
  if (lines <= FOLDED_LINES) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "code-unfold";
  const show = (open) => {
    figure.classList.toggle("is-unfolded", open);
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Show less" : `Show all ${lines} lines`;
  };
  button.addEventListener("click", () => show(!figure.classList.contains("is-unfolded")));
  show(false);
  figure.append(button);
}
