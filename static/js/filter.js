/**
 * <pattern-filter>: follows the filter links in place. The server's answer to the same address is the truth;
 * only the filter and its results are exchanged, and the history works as if the pages had been loaded.
 */
class PatternFilter extends HTMLElement {
  #pages = new Map();
  #wanted = "";

  connectedCallback() {
    this.#pages.set(location.search, Promise.resolve(this.innerHTML));
    this.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-filter]");
      if (!link || link.origin !== location.origin || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      this.#go(link.search, link.dataset.filter);
    });
    for (const kind of ["pointerover", "focusin"]) {
      this.addEventListener(kind, (event) => {
        const link = event.target.closest("a[data-filter]");
        if (link?.origin === location.origin) this.#page(link.search).catch(() => {});
      });
    }
    addEventListener("popstate", () => this.#show(location.search));
  }

  async #go(search, filter) {
    if (!(await this.#show(search))) return;
    history.pushState(null, "", search || location.pathname);
    this.querySelector(`[data-filter="${CSS.escape(filter)}"]`)?.focus();
  }

  /** True once the page for `search` is shown; a later request replaces an earlier one. */
  async #show(search) {
    this.#wanted = search;
    this.setAttribute("data-busy", "");
    try {
      const page = await this.#page(search);
      if (this.#wanted !== search) return false;
      this.innerHTML = page;
      this.removeAttribute("data-busy");
      return true;
    } catch {
      location.assign(search || location.pathname);
      return false;
    }
  }

  #page(search) {
    if (!this.#pages.has(search)) {
      const page = this.#load(search);
      page.catch(() => this.#pages.delete(search));
      this.#pages.set(search, page);
    }
    return this.#pages.get(search);
  }

  async #load(search) {
    const answer = await fetch(location.pathname + search, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.querySelector("pattern-filter").innerHTML;
  }
}

customElements.define("pattern-filter", PatternFilter);
