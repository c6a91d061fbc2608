const EVERY_MS = 200;

/** The page of a template that is being deployed: says how far it is, and goes on to the lab's page. */
const status = document.querySelector("[data-opening]");
let said = "";

async function look() {
  try {
    const { says, page } = await (await fetch(location.href, { headers: { Accept: "application/json" } })).json();
    if (page) return location.replace(page);
    if (says !== said) status.textContent = said = says;
  } catch {
    status.textContent = "The command that opened this page has ended.";
    return;
  }
  setTimeout(look, EVERY_MS);
}

look();
