/**
 * Text and diagram point at one another: a box shows where the page mentions it, and a mention shows its box.
 * Words are marked by the CSS Custom Highlight API, which leaves the document as it is:
 * https://drafts.csswg.org/css-highlight-api-1/
 */
const MARK = "mention";
const TEXT = ".opening, .story-column";
/** Text that is a control's name, or that only repeats the diagram. */
const LEFT_OUT = "button, summary, svg, script, textarea, .visually-hidden";

const boxes = [...document.querySelectorAll("#diagram [data-node]")];
let places = null;

const escaped = (name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** How the page may name each box: by what is written on it, in any case and also in the plural, or by its logical id. */
function names() {
  const found = new Map();
  for (const box of boxes) {
    const label = [...box.querySelectorAll(".node__label")].map((line) => line.textContent).join(" ").trim();
    if (label.length > 3) found.set(label.toLowerCase(), box.dataset.node);
    found.set(box.dataset.node.toLowerCase(), box.dataset.node);
  }
  return found;
}

/** Every mention: `{ node, range }`, by its text node. Found again each time, since answers come and go. */
function mentions() {
  const known = names();
  const words = new RegExp(`(?<![\\w-])(${[...known.keys()].map(escaped).join("|")})(?=s?(?![\\w-]))`, "gi");
  const found = new Map();
  for (const part of document.querySelectorAll(TEXT)) {
    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      const here = [...text.data.matchAll(words)].map((match) => {
        const range = new Range();
        range.setStart(text, match.index);
        range.setEnd(text, match.index + match[0].length);
        return { node: known.get(match[0].toLowerCase()), range };
      });
      if (here.length && !text.parentElement.closest(LEFT_OUT)) found.set(text, here);
    }
  }
  return found;
}

function show(node) {
  for (const box of boxes) box.classList.toggle("is-mentioned", box.dataset.node === node);
  if (!node) {
    CSS.highlights.delete(MARK);
    return;
  }
  const ranges = [...places.values()].flat().filter((one) => one.node === node).map((one) => one.range);
  CSS.highlights.set(MARK, new Highlight(...ranges));
}

function under(event) {
  const at = document.caretPositionFromPoint?.(event.clientX, event.clientY);
  const old = at ? null : document.caretRangeFromPoint?.(event.clientX, event.clientY);
  const [text, offset] = at ? [at.offsetNode, at.offset] : [old?.startContainer, old?.startOffset];
  return (places.get(text) ?? []).find(({ range }) => {
    if (!range.isPointInRange(text, offset)) return false;
    // The nearest letter also answers for the empty space beside a line.
    return [...range.getClientRects()].some(
      ({ left, right, top, bottom }) =>
        event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom,
    );
  })?.node;
}

function point(target, event) {
  const box = target.closest?.("#diagram [data-node]");
  if (!box && !target.closest?.(TEXT)) return show(null);
  places = mentions();
  show(box ? box.dataset.node : event && under(event));
}

if (globalThis.Highlight && boxes.length) {
  let waiting = null;
  addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    if (!waiting) requestAnimationFrame(() => [point(waiting.target, waiting), (waiting = null)]);
    waiting = event;
  }, { passive: true });
  addEventListener("focusin", ({ target }) => point(target));
}
