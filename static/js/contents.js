/** Marks the section being read in the table of contents. */
const links = new Map(
  [...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]),
);
const visible = new Set();

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const id = target.getAttribute("aria-labelledby");
      if (isIntersecting) visible.add(id);
      else visible.delete(id);
    }
    const reading = [...links.keys()].find((id) => visible.has(id));
    if (!reading) return;
    for (const [id, link] of links) {
      if (id === reading) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  },
  { rootMargin: "0px 0px -60% 0px" },
);
for (const section of document.querySelectorAll(".prose > section")) observer.observe(section);

/** A link to a folded section opens it. */
function unfold() {
  const heading = location.hash && document.querySelector(`.chapter h2[id="${CSS.escape(location.hash.slice(1))}"]`);
  if (heading) heading.closest("details")?.setAttribute("open", "");
}
addEventListener("hashchange", unfold);
unfold();
