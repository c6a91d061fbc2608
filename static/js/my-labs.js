/**
 * The link "My labs" in the header shows how many labs the visitor has and when the first of them ends: "2 labs · 9:12".
 *
 * Pages are the same for all visitors, and the owner's cookie is out of a script's reach. So the browser notes that labs
 * were started here. Only then, or on a lab's own page, does theme.js load this, which asks the one private address for them.
 */
const NOTE = "labs";
const ADDRESS = "/labs/";
const A_DAY = 86_400; // seconds; a lab that lives longer has no clock
const AGAIN_MS = 30_000;

const link = document.querySelector("[data-labs]");
let labs = [];
let readAt = 0;
let ticking = 0;

function note(has) {
  try {
    if (has) localStorage.setItem(NOTE, "1");
    else localStorage.removeItem(NOTE);
  } catch {
    // Storage is closed to this page: the link leads to the labs all the same.
  }
}

/** The visitor's live labs as the server has them now. */
async function readLabs() {
  const response = await fetch(ADDRESS, { headers: { Accept: "application/json" } });
  if (!response.ok) return labs;
  labs = (await response.json()).labs;
  readAt = performance.now();
  note(labs.length > 0);
  return labs;
}

function left() {
  const passed = (performance.now() - readAt) / 1000;
  return Math.max(0, Math.floor(Math.min(...labs.map((lab) => lab.seconds_left)) - passed));
}

function show() {
  clearTimeout(ticking);
  link.classList.toggle("has-labs", labs.length > 0);
  if (!labs.length) {
    link.textContent = "My labs";
    return;
  }
  const seconds = left();
  const clock = ` · ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  link.textContent = `${labs.length} lab${labs.length === 1 ? "" : "s"}${seconds < A_DAY ? clock : ""}`;
  const stale = performance.now() - readAt > AGAIN_MS || seconds === 0;
  ticking = setTimeout(() => (stale && !document.hidden ? update() : show()), 1000);
}

async function update() {
  try {
    await readLabs();
  } catch {
    readAt = performance.now(); // the site cannot be reached: the clock goes on, and it is asked again later
  }
  show();
}

/** A lab was started, ended or given more time on this page. */
export function labsChanged() {
  note(true);
  if (link) update();
}

/** The id of the visitor's own lab of a pattern, if one runs that is no side of a comparison; null otherwise. */
export async function myLab(pattern) {
  const mine = await readLabs();
  return mine.find((lab) => lab.pattern === pattern && lab.variant === "pattern" && !lab.comparison)?.id ?? null;
}

if (link) {
  update();
  document.addEventListener("visibilitychange", () => document.hidden || update());
}
