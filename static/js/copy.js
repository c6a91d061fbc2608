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
    let told = "Copied";
    try {
      await navigator.clipboard.writeText(this.#text);
    } catch {
      told = "The browser refused";
    }
    this.#button.textContent = told;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#button.textContent = "Copy"), 2000);
  }
}

customElements.define("copy-button", CopyButton);

for (const figure of document.querySelectorAll("figure[data-copy]")) {
  figure.querySelector("figcaption")?.append(new CopyButton());
}
