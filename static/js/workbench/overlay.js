/**
 * On narrow screens, shows a part of the page over the rest: the browser's Back, Escape and the part's own button close it.
 *
 * @param {HTMLElement} part the element that opens, with a `[data-close]` button in it
 * @param {HTMLElement} opener its button, which gets the focus back
 */
export function overlay(part, opener) {
  const close = part.querySelector("[data-close]");
  const shut = () => {
    if (!part.classList.contains("is-overlay")) return;
    part.classList.remove("is-overlay");
    opener.setAttribute("aria-expanded", "false");
    opener.focus({ preventScroll: true });
  };
  opener.setAttribute("aria-expanded", "false");
  opener.addEventListener("click", () => {
    history.pushState({ overlay: true }, "");
    part.classList.add("is-overlay");
    opener.setAttribute("aria-expanded", "true");
    close.focus({ preventScroll: true });
  });
  close.addEventListener("click", () => history.back());
  addEventListener("popstate", shut);
  part.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && part.classList.contains("is-overlay")) history.back();
  });
}
