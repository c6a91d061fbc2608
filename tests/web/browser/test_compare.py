"""A pattern and its naive twin compared in a real browser, with a script and without."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.lab, pytest.mark.timeout(300)]

PATTERN = "/patterns/queue-based-load-leveling/"


def test_compares_a_pattern_with_its_twin_and_reads_the_table(page: Page) -> None:
    page.goto(PATTERN)
    page.get_by_role("button", name="Compare with the naive twin").click()
    page.wait_for_url(re.compile("/labs/comparisons/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("and its naive twin")
    expect(page.get_by_label("curl command for the naive twin")).to_contain_text("/live/")

    page.get_by_role("button", name="Send the same traffic to both").click()
    live = page.locator('[data-side="naive"] [data-count="answers"]')
    expect(live).not_to_have_text("0", timeout=60_000)  # counted from the stream, while the traffic runs
    for side, node in (("pattern", "OrderApi"), ("pattern", "WorkerFunction"), ("naive", "DirectFunction")):
        counted = page.locator(f'[data-live-side="{side}"] [data-count="{node}"]:visible')
        expect(counted).to_have_text(re.compile(r"^\d+ (requests?|runs?)$"), timeout=60_000)

    lost = page.get_by_role("row", name=re.compile("^Orders lost"))
    expect(lost.get_by_role("cell").first).to_contain_text("0", timeout=90_000)
    expect(lost.get_by_role("cell").first).to_contain_text("better")
    lost_by_the_twin = of_the_twin(page, "Orders lost")
    assert lost_by_the_twin >= 15
    assert of_the_twin(page, "Orders packed") + lost_by_the_twin == 50
    # An answer of 500 may also hide an order that was packed: cut off between its being stored and its being told.
    untold = of_the_twin(page, "Orders packed, and reported as failed")
    assert of_the_twin(page, "Answers of 500 and above") == lost_by_the_twin + untold
    expect(page.get_by_role("img", name=re.compile("50 answers between"))).to_have_count(2)
    expect(page.locator("#result")).to_be_focused()

    not_spent = page.get_by_text(re.compile("^Not spent: .* invocations that the twin made and the pattern did not: "))
    expect(not_spent).to_contain_text(re.compile(r"\$\d+\.\d\d at list prices"))
    total = page.locator("#costs tfoot td").first
    before = total.inner_text()
    page.get_by_label("Requests per month").select_option("100,000,000")
    expect(total).not_to_have_text(before)
    page.get_by_label("with the free tier").check()
    expect(page.locator("#costs")).to_contain_text("Free:")

    page.get_by_role("button", name="Delete both labs").click()
    page.wait_for_url(re.compile(PATTERN))


def of_the_twin(page: Page, figure: str) -> int:
    """The twin's cell of the figure's row."""
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile(f"^{figure}(?!,)")))
    return int(row.get_by_role("cell").last.inner_text().split()[0])


def test_without_javascript_both_are_deployed_run_read_and_deleted(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(PATTERN)
    page.get_by_role("button", name="Compare with the naive twin").click()
    page.wait_for_url("**/labs/comparisons/*")
    page.get_by_role("button", name="Send the same traffic to both").click()
    # The answer comes long before the run is over, so that no proxy has to wait for it.
    expect(page.get_by_role("button", name="Running …")).to_be_disabled(timeout=30_000)
    lost = page.get_by_role("row", name=re.compile("^Orders lost")).get_by_role("cell").first
    expect(lost).to_contain_text("0", timeout=90_000)  # the page reloads itself until then
    page.get_by_label("Requests per month").select_option("10,000")
    page.get_by_role("button", name="Calculate").click()
    expect(page.get_by_label("Requests per month")).to_have_value("10000")
    page.get_by_role("link", name="the twin’s run").click()
    expect(page.get_by_role("main")).to_contain_text("Forty orders when the sale opens")
    page.go_back()
    page.get_by_role("button", name="Delete both labs").click()
    page.wait_for_url(f"**{PATTERN}")
    context.close()
