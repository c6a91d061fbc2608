/** What every page has: <theme-toggle>, a button between light and dark, remembered, and the note of the visitor's labs. */
const KEY = "theme";
const SUN =
  '<circle cx="12" cy="12" r="4.25"/><path d="M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2"/>';
const MOON = '<path d="M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z"/>';

const system = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;

function current() {
  return root.dataset.theme ?? (system.matches ? "dark" : "light");
}

function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the choice holds for this page.
  }
}

class ThemeToggle extends HTMLElement {
  #button = document.createElement("button");

  connectedCallback() {
    this.#button.type = "button";
    this.#button.addEventListener("click", () => {
      const theme = current() === "dark" ? "light" : "dark";
      root.dataset.theme = theme;
      remember(theme);
      this.#show();
    });
    this.replaceChildren(this.#button);
    system.addEventListener("change", () => this.#show());
    addEventListener("storage", (event) => {
      if (event.key === KEY && event.newValue) {
        root.dataset.theme = event.newValue;
        this.#show();
      }
    });
    this.#show();
  }

  #show() {
    const dark = current() === "dark";
    const label = dark ? "Use the light theme" : "Use the dark theme";
    this.#button.setAttribute("aria-label", label);
    this.#button.title = label;
    this.#button.innerHTML = `<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">${dark ? SUN : MOON}</svg>`;
  }
}

customElements.define("theme-toggle", ThemeToggle);

// Only who has labs needs what shows them in the header (my-labs.js leaves the note).
let labs = location.pathname.startsWith("/labs/");
try {
  labs ||= "labs" in localStorage;
} catch {
  // Without storage no labs are remembered.
}
if (labs && document.querySelector("[data-labs]")) {
  root.dataset.ownLabs = "";
  import("./my-labs.js");
}
