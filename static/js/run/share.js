import { call } from "../lab/api.js";
import { el } from "../lab/dom.js";

/** A button that asks for a link to the run at `address`, then shows it with the day on which it ends. */
export function shareButton(address) {
  const button = el("button", { type: "button", class: "button" }, "Share this run");
  const box = el("div", { class: "run-share", "aria-live": "polite" }, button);
  button.addEventListener("click", () => share(address, box, button));
  return box;
}

/** Let a plain form that shares do so in place. */
export function enhanceShare(form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    share(form.getAttribute("action"), form, form.querySelector("button"));
  });
}

async function share(address, box, button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true"); // not `disabled`: that would take the focus from the keyboard
  box.querySelector(".is-error")?.remove();
  try {
    const answer = await call("POST", address);
    const focused = document.activeElement === button;
    button.remove();
    box.append(...link(answer));
    if (focused) box.querySelector("a, input")?.focus();
  } catch (problem) {
    button.removeAttribute("aria-disabled");
    box.append(el("p", { class: "is-error" }, problem.message));
  }
}

function link({ url, expires_at }) {
  const address = new URL(url, location.href).href;
  const ends = new Date(expires_at);
  const day = ends.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
  const copy = el("button", { type: "button", class: "button" }, "Copy");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(address);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Copying failed";
    }
  });
  return [
    el("p", { class: "run-share__link" }, el("a", { href: address }, address), navigator.clipboard ? copy : null),
    el("p", { class: "run-note" }, "Anyone with this link can replay the run until ", el("time", { datetime: expires_at }, day), "."),
  ];
}
