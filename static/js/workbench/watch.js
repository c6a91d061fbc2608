import { tabs } from "../run/tabs.js";
import { el } from "../lab/dom.js";
import { overlay } from "./overlay.js";

const narrow = matchMedia("(max-width: 68.74rem)");

/** The tabs beside the story and, on narrow screens, what opens over it. */
export function enhance(panel) {
  const views = panel.querySelector("[data-tabs]");
  if (!views) return;
  const style = panel.querySelector(".lab-watch").dataset.style;
  document.head.append(el("link", { rel: "stylesheet", href: style }));
  tabs(views, "What happens in the lab");
  const bar = panel.querySelector(".lab-bar");
  const more = bar.querySelector("[data-more]");
  more.addEventListener("click", () => more.setAttribute("aria-expanded", String(bar.classList.toggle("is-open"))));
  overlay(panel.querySelector(".lab-watch"), bar.querySelector("[data-sheet]"));
  const band = panel.querySelector("[data-whole]");
  if (!band) return;
  band.append(small(panel.querySelector("#diagram .diagram__picture--wide")));
  overlay(panel.querySelector("#diagram"), band);
}

/** A copy of the picture for the band: boxes, arrows and counts without words or links. It is lit with the others. */
function small(picture) {
  const copy = picture.cloneNode(true);
  copy.setAttribute("class", "band-picture");
  for (const name of ["role", "aria-label", "width", "height"]) copy.removeAttribute(name);
  for (const words of copy.querySelectorAll("desc, .step, .edge__label, .node__label, .node__service, .node__glyph")) words.remove();
  for (const link of copy.querySelectorAll("a")) link.replaceWith(...link.childNodes);
  return el("span", { "data-diagram": true, "aria-hidden": "true" }, copy);
}

/** Show one of the tabs: now, queue, request or cost. */
export function showView(panel, view) {
  if (narrow.matches && !panel.querySelector(".lab-watch.is-overlay")) panel.querySelector("[data-sheet]").click();
  panel.querySelector("[data-tabs]").dispatchEvent(new CustomEvent("choose", { detail: view }));
}
