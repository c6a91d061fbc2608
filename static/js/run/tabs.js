import { el } from "../lab/dom.js";

let made = 0;

/**
 * Turns consecutive sections into tabs: <section data-view="story"><h3>Story</h3>…
 * A `choose` event on the box names the view to show. Arrow keys, Home and End move between them (https://www.w3.org/WAI/ARIA/apg/patterns/tabs/).
 */
export function tabs(box, label) {
  const panels = [...box.querySelectorAll(":scope > [data-view]")];
  const list = el("div", { class: "run-tabs", role: "tablist", "aria-label": label });
  const buttons = panels.map((panel) => {
    const id = `run-tab-${(made += 1)}`;
    const title = panel.querySelector(".run-view__title");
    panel.id = `${id}-panel`;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", id);
    panel.tabIndex = 0; // some scroll, and hold nothing that takes the focus
    title.classList.add("visually-hidden"); // still a heading for screen readers
    return el("button", { type: "button", role: "tab", id, "aria-controls": panel.id }, title.textContent);
  });
  const choose = (chosen) => {
    buttons.forEach((button, index) => {
      button.setAttribute("aria-selected", String(index === chosen));
      button.tabIndex = index === chosen ? 0 : -1;
      panels[index].hidden = index !== chosen;
    });
    // On a narrow screen the list scrolls sideways. The page must not scroll, as with scrollIntoView.
    const from = buttons[chosen].offsetLeft - list.offsetLeft;
    list.scrollLeft = Math.max(Math.min(list.scrollLeft, from), from + buttons[chosen].offsetWidth - list.clientWidth);
    box.dispatchEvent(new CustomEvent("view", { detail: panels[chosen].dataset.view }));
  };
  list.addEventListener("click", (event) => {
    const index = buttons.indexOf(event.target.closest("[role=tab]"));
    if (index >= 0) choose(index);
  });
  list.addEventListener("keydown", (event) => {
    const now = buttons.indexOf(document.activeElement);
    const last = buttons.length - 1;
    const next = { ArrowRight: now === last ? 0 : now + 1, ArrowLeft: now ? now - 1 : last, Home: 0, End: last }[event.key];
    if (next === undefined || now < 0) return;
    event.preventDefault();
    choose(next);
    buttons[next].focus();
  });
  box.addEventListener("choose", ({ detail }) => choose(panels.findIndex((panel) => panel.dataset.view === detail)));
  list.append(...buttons);
  box.prepend(list);
  choose(0);
  return list;
}
