"""axe-core finds nothing on a page of any kind or state, wide and narrow, light and dark."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.site import Site
from tests.support.workbench import open_step, show
from tests.web.standards import tools

pytestmark = [pytest.mark.browser, pytest.mark.lab, pytest.mark.timeout(240)]

PATTERN = "/patterns/queue-based-load-leveling/"
SMALL = "/patterns/function-as-a-web-service/"
PAGES = [
    "/",
    "/patterns/",
    "/patterns/?level=100",
    "/search/?q=queue",
    "/search/?q=zzzzzzzz",
    "/about/",
    "/guide/",
    "/map/",
    "/compare/",
    "/compare/?pattern=queue-based-load-leveling&pattern=idempotent-proxy",
    "/labs/",
    "/draw/",
    "/fidelity/",
    PATTERN,
    f"{PATTERN}ledger/",
    f"{PATTERN}source/template.yaml",
    f"{SMALL}recorded/",
    "/newsletter/",
    "/newsletter/subscribe",
    "/mailbox/",
    "/no-such-page/",
]
WINDOWS = {1440: 900, 390: 844}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""Every rule of axe-core but its experiments, of which only `label-content-name-mismatch` is asked for, by name."""
RUN = """async ({ tags, only }) => {
  const options = only
    ? { runOnly: { type: "rule", values: only } }
    : { runOnly: { type: "tag", values: tags }, rules: { "label-content-name-mismatch": { enabled: true } } };
  const { violations } = await axe.run(document, { resultTypes: ["violations"], ...options });
  const said = ({ any, all, none }) => any.concat(all, none).map(({ message }) => message).join("; ");
  return violations.flatMap(({ id, nodes }) => nodes
    // What a sticky bar covers as the page is scrolled now can be scrolled out of it.
    .filter((node) => !(id === "target-size" && said(node).includes("partially obscured")))
    .map((node) => `${id}: ${node.target.join(" ")} ${node.html.slice(0, 200)} ${said(node).slice(0, 200)}`));
}"""
SETTLED = """async (theme) => {
  while (!matchMedia(`(prefers-color-scheme: ${theme})`).matches) await new Promise((later) => setTimeout(later, 20));
  const running = () => document.getAnimations().filter((each) => each instanceof CSSTransition);
  for (let found = running(); found.length; found = running()) found.forEach((each) => each.finish());
}"""
"""Colors may be on their way from the other theme: they arrive now, and so do those that inherit them."""


class Examiner:
    """Looks at what a page shows now in both themes; `found` has all violations by the name of the state."""

    def __init__(self, page: Page, width: int) -> None:
        self.page, self.width = page, width
        self.found: dict[str, list[str]] = {}
        self._script = tools.file_of("axe-core", "axe.min.js").read_text()

    def look(self, state: str) -> None:
        self.page.evaluate(self._script)
        for theme in ("light", "dark"):
            self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            self.page.evaluate(SETTLED, theme)
            only = ["color-contrast"] if theme == "dark" else None  # nothing else depends on the theme
            violations: Any = self.page.evaluate(RUN, {"tags": TAGS, "only": only})
            if violations:
                self.found[f"{state}, {self.width} px, {theme}"] = violations


@pytest.fixture
def examine(browser: Browser, site: Site) -> Callable[[int], Examiner]:
    def begin(width: int) -> Examiner:
        context = browser.new_context(
            base_url=site.url, viewport={"width": width, "height": WINDOWS[width]}, bypass_csp=True
        )
        page = context.new_page()
        page.set_default_timeout(30_000)
        return Examiner(page, width)

    return begin


@pytest.mark.parametrize("width", WINDOWS)
def test_nothing_is_found_on_a_page_that_is_read(examine: Callable[[int], Examiner], width: int) -> None:
    examiner = examine(width)
    for path in PAGES:
        examiner.page.goto(path)
        examiner.look(path)
    examiner.page.context.close()
    assert examiner.found == {}


def test_a_ledger_stays_a_table_where_it_is_laid_out_as_blocks(examine: Callable[[int], Examiner]) -> None:
    page = examine(390).page
    page.goto(f"{PATTERN}ledger/")
    tree: Any = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    roles = Counter(node.get("role", {}).get("value") for node in tree["nodes"])
    page.context.close()
    assert roles["table"] == 1
    assert roles["rowheader"] == roles["row"] - 1 > 5
    assert roles["cell"] == 3 * roles["rowheader"]


@pytest.mark.parametrize("width", WINDOWS)
def test_nothing_is_found_while_a_lab_is_used_broken_replayed_and_deleted(
    examine: Callable[[int], Examiner], width: int
) -> None:
    examiner = examine(width)
    page = examiner.page
    page.goto(SMALL)
    page.get_by_role("button", name="Run it", exact=True).click()
    expect(page.locator("[data-status]")).to_contain_text("ready")
    examiner.look("a lab")
    step = open_step(page.locator(".lab-step").first)
    step.get_by_role("button", name=re.compile("^(Send|Run)")).click()
    expect(step.locator(".step-replay")).to_be_visible()
    examiner.look("a step taken")
    if width > 1100:
        page.locator("#diagram [data-node=QuoteFunction] a:visible").click()
        expect(page.locator("[data-inside=QuoteFunction] .inside-log")).to_be_visible()
        examiner.look("inside a function")
        show(page, "Now")
    step.get_by_role("link", name="Replay and inspect").click()
    expect(page.get_by_role("dialog").locator("run-player.is-enhanced")).to_be_visible()
    examiner.look("a run in its sheet")
    page.keyboard.press("Escape")
    lab = f"/labs/{page.evaluate("Object.entries(sessionStorage).find(([key]) => key.startsWith('lab:'))[1]")}"
    page.goto(lab)
    expect(page.locator("[data-view=queue][role=tabpanel]")).to_be_attached()
    page.locator(".lever-switch").first.click()
    expect(page.locator(".lab-broken")).to_be_visible()
    examiner.look("a lab of its own page, broken")
    page.goto(f"{lab}/inside/QuoteFunction")
    examiner.look("inside a function, on a page of its own")
    page.goto(f"{lab}/bill")
    examiner.look("a bill")
    page.request.post(f"{lab}/delete")
    page.goto(lab)
    examiner.look("a deleted lab")
    page.context.close()
    assert examiner.found == {}


@pytest.mark.parametrize("width", WINDOWS)
def test_nothing_is_found_on_a_comparison(examine: Callable[[int], Examiner], width: int) -> None:
    examiner = examine(width)
    page = examiner.page
    page.goto(PATTERN)
    page.get_by_role("button", name="Compare with the naive twin").click()
    page.wait_for_url(re.compile("/labs/comparisons/"))
    expect(page.get_by_role("button", name="Send the same traffic to both")).to_be_visible()
    examiner.look("a comparison")
    page.get_by_role("button", name="Delete both labs").click()
    page.wait_for_url(re.compile(PATTERN))
    page.context.close()
    assert examiner.found == {}
