"""Challenges in a real browser: lost, won, and still won after a reload; with and without JavaScript."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.lab]

PATTERN = "/patterns/function-as-a-web-service/"
TASK = "#challenge-no-invocation"
LEVER = "#lever-no-concurrency"


def ask_thrice(page: Page, endpoint: str) -> None:
    for _ in range(3):
        assert page.request.get(f"{endpoint}/zones").status == 500


def test_a_challenge_is_lost_and_then_won_and_a_reload_knows(page: Page) -> None:
    page.goto(PATTERN)
    page.get_by_role("button", name="Run it").click()
    task = page.locator(TASK)
    check = task.get_by_role("button", name="Check")
    check.press("Enter")
    expect(task.locator("[data-result]")).to_contain_text("Not yet.")
    expect(task.locator(".checks .is-not")).to_have_count(1)
    expect(check).to_be_focused()

    page.locator(f"{LEVER} .lever-switch").click()
    expect(page.locator(f"{LEVER} .lever-switch")).to_have_attribute("aria-pressed", "true")
    ask_thrice(page, page.locator("[data-endpoint]").text_content() or "")
    check.press("Enter")
    expect(task.locator("[data-result]")).to_contain_text("Won.")
    expect(task.locator(".checks .is-ok")).to_have_count(2)
    expect(task.locator("[data-won]")).to_have_text("won")

    page.reload()
    expect(page.locator(f"{TASK} [data-won]")).to_be_visible()
    expect(page.locator(f"{TASK} .checks .is-ok")).to_have_count(2)


def test_a_challenge_is_won_without_javascript(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(PATTERN)
    page.get_by_role("button", name="Run it").click()
    while not page.locator(TASK).count():  # the lab's page refreshes itself until the stack is there
        page.reload()
    page.locator(TASK).get_by_role("button", name="Check").click()
    expect(page.locator(f"{TASK} [data-result]")).to_contain_text("Not yet.")
    page.locator(f"{LEVER} .lever-switch").click()
    ask_thrice(page, page.locator("[data-endpoint]").text_content() or "")
    page.locator(TASK).get_by_role("button", name="Check").click()
    expect(page.locator(f"{TASK} [data-result]")).to_contain_text("Won.")
    context.close()
