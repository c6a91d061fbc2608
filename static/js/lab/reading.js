import { useLab } from "./api.js";

const PAUSE_MS = 25_000; // the server notes a use every 20 s at most
const SIGNS = ["scroll", "keydown", "pointerdown"];

/**
 * A lab counts as used while its owner scrolls, types or points on its visible page.
 *
 * @param {string} id the lab
 * @param {(lab: object) => void} show gets the lab's new state, with the time at which it ends
 * @returns {() => void} stops it
 */
export function noteReading(id, show) {
  let noted = Date.now();
  const stop = () => SIGNS.forEach((sign) => removeEventListener(sign, note));
  async function note() {
    if (document.visibilityState !== "visible" || Date.now() - noted < PAUSE_MS) return;
    noted = Date.now();
    try {
      show(await useLab(id));
    } catch ({ status }) {
      if (status) stop(); // the lab is over, or not the visitor's; without a status the site cannot be reached
    }
  }
  SIGNS.forEach((sign) => addEventListener(sign, note, { passive: true }));
  return stop;
}
