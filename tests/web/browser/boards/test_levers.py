"""The board of levers in a real browser: broken, seen to be broken, mended; with and without JavaScript."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.lab]

PATTERN = "/patterns/queue-based-load-leveling/"
CLOSE = "#lever-close-the-warehouse"


def run_it(page: Page) -> None:
    page.goto(PATTERN)
    page.get_by_role("button", name="Run it").click()
    expect(page.locator(CLOSE)).to_be_visible()


def test_a_lever_is_pulled_tried_and_put_right(page: Page) -> None:
    run_it(page)
    lever, switch = page.locator(CLOSE), page.locator(f"{CLOSE} .lever-switch")
    expect(switch).to_have_attribute("aria-pressed", "false")
    expect(lever.get_by_text("Works as designed.")).to_be_visible()

    switch.press("Enter")
    expect(switch).to_have_attribute("aria-pressed", "true")
    expect(switch).to_be_focused()
    expect(lever.get_by_text("Press again to fix it: Open the warehouse")).to_be_visible()
    lever.get_by_text("The same with the AWS CLI").click()
    expect(lever.locator("pre")).to_contain_text(
        re.compile(r"^aws lambda update-event-source-mapping .* --no-enabled$")
    )
    node = page.locator('.diagram__picture--wide [data-node="WorkerFunction"]')
    expect(node.get_by_role("img", name="Broken: Close the warehouse")).to_be_visible()
    expect(page.locator(".lab-bar")).to_contain_text("Broken on purpose: Close the warehouse")

    lever.get_by_role("button", name="Try it").click()
    expect(lever.locator(".answer-line")).to_contain_text("3 × 202")
    expect(lever.locator(".checks .is-ok")).to_have_count(3)

    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".is-broken, .broken, .lab-broken")).to_have_count(0)


def test_a_lever_moves_on_every_open_page(page: Page, browser: Browser, site: Site) -> None:
    run_it(page)
    lab = page.evaluate("sessionStorage.getItem('lab:queue-based-load-leveling')")
    other = browser.new_context(base_url=site.url).new_page()
    other.goto(f"/labs/{lab}")
    expect(other.locator(f"{CLOSE} .lever-switch")).to_be_disabled()
    page.locator(f"{CLOSE} .lever-switch").click()
    expect(other.locator(f"{CLOSE} .lever-switch")).to_have_attribute("aria-pressed", "true")
    other.context.close()


def test_what_happens_once_shows_what_comes_of_it(page: Page) -> None:
    run_it(page)
    purge = page.locator("#lever-purge-the-queue")
    purge.get_by_role("button", name="Purge the queue").click()
    expect(purge.locator(".checks .is-ok")).to_have_count(1)
    done = "Done: Purge the queue. It runs once and cannot be undone."
    expect(purge.locator("[data-result] > p").first).to_have_text(done)
    expect(purge.locator("summary")).to_have_text("The same with the AWS CLI")
    expect(purge.locator("[aria-pressed]")).to_have_count(0)


def test_a_deleted_labs_board_is_at_rest_again(page: Page) -> None:
    run_it(page)
    page.locator(f"{CLOSE} .lever-switch").click()
    expect(page.locator(".is-broken").first).to_be_attached()
    page.get_by_role("button", name="Delete this lab").click()
    expect(page.locator("#levers")).to_contain_text("When the lab is running, you can pull these levers")
    expect(page.locator(".is-broken")).to_have_count(0)


def test_without_javascript_a_lever_is_pulled_and_released(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(PATTERN)
    page.get_by_role("button", name="Run it").click()
    page.wait_for_url("**/labs/*")
    lever, switch = page.locator(CLOSE), page.locator(f"{CLOSE} .lever-switch")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")
    expect(lever).to_contain_text("aws lambda update-event-source-mapping")
    expect(page.locator(".lab-bar")).to_contain_text("Broken on purpose: Close the warehouse")
    lever.get_by_role("button", name="Try it").click()
    expect(lever.locator(".checks .is-ok")).to_have_count(3)
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    context.close()
