"""Before any run: the diagram plays the recorded run, says so, can be paused, and gives way to a lab."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.site import Site
from tests.support.waiting import await_true

pytestmark = [pytest.mark.browser, pytest.mark.lab]

PATTERN = "/patterns/function-as-a-web-service/"


def counted(page: Page) -> int:
    """How many requests the diagram shows; 0 for none."""
    text = page.locator("#diagram [data-node=ParcelApi] [data-count]").first.text_content() or "0"
    return int(text.split()[0])


def test_the_recorded_run_plays_at_rest_says_so_and_can_be_paused(page: Page) -> None:
    page.goto(PATTERN)
    rest = page.locator("[data-rest]")
    expect(rest).to_contain_text("Recorded run of")
    await_true(lambda: counted(page) >= 2, 30)
    rest.get_by_role("button", name="Pause").click()
    expect(rest.get_by_role("button", name="Play")).to_be_focused()
    held = counted(page)
    page.wait_for_function("new Promise(done => setTimeout(() => done(true), 1500))")  # three frames' time
    assert counted(page) == held
    rest.get_by_role("button", name="Play").click()
    await_true(lambda: counted(page) != held, 30)


def test_a_lab_takes_the_recorded_runs_place(page: Page) -> None:
    page.goto(PATTERN)
    await_true(lambda: counted(page) >= 1, 30)
    page.get_by_role("button", name="Run it", exact=True).click()
    expect(page.locator("[data-status]")).to_contain_text("ready")
    expect(page.locator("[data-rest]")).to_be_hidden()
    expect(page.locator("#diagram.is-recorded")).to_have_count(0)
    await_true(lambda: counted(page) == 0, 60)  # what is counted now is the lab's own


def test_where_motion_is_unwelcome_the_end_of_the_run_is_shown_and_nothing_moves(site: Site, browser: Browser) -> None:
    context = browser.new_context(base_url=site.url, reduced_motion="reduce")
    page = context.new_page()
    page.goto(PATTERN)
    expect(page.locator("[data-rest]").get_by_role("button", name="Play")).to_be_visible()
    await_true(lambda: counted(page) == 8, 60)
    expect(page.locator(".traveller")).to_have_count(0)
    context.close()
