"""A lab's page in the browser of somebody who did not start it: what they may do is there, and nothing else."""

import re
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.site import Site
from tests.support.workbench import show

pytestmark = [pytest.mark.browser, pytest.mark.lab]

PATTERN = "/patterns/queue-based-load-leveling/"
OWNERS = re.compile(r"^(Send:|Run:|Delete this lab|Extend its time|Inspect)")


@pytest.fixture
def stranger(browser: Browser, site: Site) -> Iterator[Page]:
    """Another visitor, in whose console a refusal may stand."""
    context = browser.new_context(base_url=site.url)
    yield context.new_page()
    context.close()


def run_it(page: Page) -> str:
    """The address of the new lab's page."""
    page.goto(PATTERN)
    page.get_by_role("button", name="Run it").click()
    expect(page.locator("[data-status]")).to_contain_text("ready")
    return f"/labs/{page.evaluate("sessionStorage.getItem('lab:queue-based-load-leveling')")}"


def test_a_stranger_is_shown_what_happens_and_nothing_that_would_be_refused(page: Page, stranger: Page) -> None:
    lab = run_it(page)
    stranger.goto(lab)
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Queue-Based Load Leveling: another visitor’s lab")
    expect(stranger.locator("[data-status]")).to_have_text("This stack is ready.")
    expect(stranger.locator(".lab-step")).not_to_have_count(0)
    expect(stranger.locator(".lever-switch:enabled")).to_have_count(0)
    expect(stranger.get_by_role("link", name="run Queue-Based Load Leveling")).to_be_visible()

    first = stranger.locator(".lab-step").first
    first.get_by_role("button", name="Edit this request").click()
    stranger.get_by_label("Body").fill('{"order": "from-a-stranger", "item": "mug"}')
    stranger.get_by_role("button", name="Send from this browser").click()
    expect(stranger.locator("[data-answer] .answer-line")).to_contain_text("202")
    show(stranger, "Now")
    for visitor in (stranger, page):
        expect(visitor.get_by_role("log").locator(".trace-request")).to_contain_text("was answered 202")
    expect(stranger.get_by_role("button", name=OWNERS)).to_have_count(0)
    expect(page.get_by_role("button", name="Inspect")).to_have_count(1)


def test_a_lab_that_the_server_would_not_delete_stays_on_the_page_with_the_reason(stranger: Page, site: Site) -> None:
    run_it(stranger)
    (owner,) = (cookie["value"] for cookie in stranger.context.cookies() if cookie["name"] == "labs_owner")
    stranger.context.clear_cookies()
    delete, status = stranger.get_by_role("button", name="Delete this lab"), stranger.locator("[data-status]")
    delete.click()
    expect(status).to_have_text(re.compile(r"^Not your lab\. Only the browser that started this lab"))
    expect(stranger.locator("lab-panel")).to_have_attribute("data-state", "ready")
    first = stranger.locator(".lab-step").first
    stranger.context.add_cookies([{"name": "labs_owner", "value": owner, "url": site.url}])
    first.get_by_role("button", name=re.compile("^Send")).click()
    expect(stranger.get_by_role("log").locator(".trace-request")).to_contain_text("was answered 202")

    delete.click()
    expect(status).to_have_text("You have deleted this lab and its stack.")


@pytest.mark.parametrize("status", [404, 410])
def test_a_lab_that_is_over_already_counts_as_deleted(stranger: Page, status: int) -> None:
    run_it(stranger)
    stranger.route(
        "**/labs/*",
        lambda route: (
            route.fulfill(status=status, json={"title": "No such lab"})
            if route.request.method == "DELETE"
            else route.fallback()
        ),
    )
    stranger.get_by_role("button", name="Delete this lab").click()
    expect(stranger.locator("[data-status]")).to_have_text("You have deleted this lab and its stack.")


def test_without_javascript_a_stranger_is_offered_no_form_of_the_labs(page: Page, browser: Browser, site: Site) -> None:
    lab = run_it(page)
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    plain = context.new_page()
    plain.goto(lab)
    expect(plain.locator("[data-status]")).to_have_text("This stack is ready.")
    command = plain.locator("div", has=plain.get_by_text("Call it from anywhere:")).last.locator("pre").inner_text()
    answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=True).stdout
    assert answer.split(maxsplit=2)[1] == "202", answer
    expect(plain.get_by_role("button", name=OWNERS)).to_have_count(0)
    expect(plain.locator(f"form[action^='{lab}']:not(:has(:disabled))")).to_have_count(1)  # how the cost is reckoned
    context.close()
