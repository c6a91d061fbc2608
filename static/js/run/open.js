import { el } from "../lab/dom.js";
import "./player.js";
import { shareButton } from "./share.js";

let sheet = null;

/**
 * Show a run over the page: its views, fetched from its own page, with the player.
 *
 * @param {{id: string, page: string}} run as the labs' API gives it
 * @param {{title?: string, share?: boolean}} options `share` where the visitor owns the lab
 * @returns {Promise<HTMLElement>} the player
 * @throws {Error} with words for the visitor, if the run cannot be had
 */
export async function openRun(run, { title = "What happened", share = false } = {}) {
  const parts = await fragment(`${run.page}?part=views`);
  const player = parts.querySelector("run-player");
  player.setAttribute("autoplay", "");
  await styled(parts);

  const close = el("button", { type: "button", class: "button run-sheet__close" }, "Close");
  const heading = el("h2", { id: "run-sheet-title", tabindex: "-1" }, title);
  const tools = el("div", { class: "run-sheet__tools" },
    share && !parts.querySelector("[data-share]") ? shareButton(`${run.page}/share`) : null,
    el("a", { class: "button button-quiet", href: run.page }, "Open as a page"),
    close);
  sheet?.remove();
  sheet = el("dialog", { class: "run-sheet", "aria-labelledby": "run-sheet-title" },
    el("div", { class: "run-sheet__head" }, heading, tools), parts);
  close.addEventListener("click", () => sheet.close());
  sheet.addEventListener("close", (event) => event.target.remove());
  sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
  document.body.append(sheet);
  sheet.showModal();
  heading.focus();
  return sheet.querySelector("run-player");
}

async function fragment(address) {
  let response;
  try {
    response = await fetch(address, { headers: { Accept: "text/html" } });
  } catch {
    throw new Error("The site cannot be reached.");
  }
  if (!response.ok) throw new Error(response.status === 404 || response.status === 410
    ? "This run is no longer available. Run the step again." : "The run could not be loaded.");
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  // A host of plain files knows nothing of `part` and sends the whole page: only the player is needed.
  const player = template.content.querySelector("run-player");
  if (!player) throw new Error("The run could not be read.");
  const parts = document.createDocumentFragment();
  parts.append(document.importNode(player, true));
  return parts;
}

/** The views bring their style sheet; nothing is shown before it has come. */
async function styled(parts) {
  await Promise.all([...parts.querySelectorAll("link[rel=stylesheet]")].map((link) => {
    const known = document.head.querySelector(`link[href="${link.getAttribute("href")}"]`);
    if (known) return link.remove();
    return new Promise((resolve) => {
      link.addEventListener("load", resolve);
      link.addEventListener("error", resolve);
      document.head.append(link);
    });
  }));
}
