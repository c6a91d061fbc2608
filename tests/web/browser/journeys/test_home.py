"""The home page runs by itself, leads to a living endpoint with one press, and labs are found again from any page."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.lab]

COUNT = "run-loop .node.has-count [data-count]"
CHIP = re.compile(r"^1 lab · \d+:\d\d$")


def test_a_recorded_run_plays_by_itself_until_it_is_paused(page: Page) -> None:
    page.goto("/")
    expect(page.locator("run-loop .traveller").first).to_be_attached(timeout=5000)
    expect(page.locator(COUNT).first).to_be_attached(timeout=5000)
    expect(page.get_by_role("main")).to_contain_text("AWS")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("run-loop .traveller")).to_have_count(0)
    said = page.locator("[data-said]").inner_text()
    page.wait_for_timeout(1500)  # there is nothing to wait for: nothing may happen
    assert page.locator("[data-said]").inner_text() == said
    page.get_by_role("button", name="Play").click()
    expect(page.locator("[data-said]")).not_to_have_text(said)


def test_where_motion_is_unwelcome_the_run_is_a_still_of_its_end(browser: Browser, site: Site) -> None:
    page = browser.new_page(base_url=site.url, reduced_motion="reduce")
    page.goto("/")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(page.locator(COUNT).first).to_be_attached()
    assert page.locator("run-loop .traveller").count() == 0
    page.close()


def test_one_press_leads_to_an_endpoint_that_has_answered_and_every_page_shows_the_lab(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("link", name="My labs")).to_be_visible()
    page.get_by_role("button", name="Run one now").click()
    page.wait_for_url("**/labs/*")
    expect(page.get_by_role("log").locator(".trace-request").first).to_contain_text("was answered")
    endpoint = page.locator("[data-endpoint]").inner_text()
    expect(page.get_by_role("link", name=CHIP)).to_be_visible()

    other = page.context.new_page()
    other.goto("/about/")
    other.get_by_role("link", name=CHIP).click()
    expect(other.get_by_role("main")).to_contain_text(endpoint)
    other.get_by_role("link", name=re.compile("^Open")).click()
    pattern = other.locator("h1 a").get_attribute("href")
    assert pattern is not None
    third = page.context.new_page()
    third.goto(pattern)
    expect(third.locator("[data-endpoint]")).to_have_text(endpoint)

    other.goto("/labs/")
    other.get_by_role("button", name=re.compile("^Delete")).click()
    expect(other.get_by_role("main")).to_contain_text("You have no lab running")
    expect(other.get_by_role("link", name="My labs")).to_be_visible()


def test_without_javascript_one_press_does_the_same(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    page.get_by_role("button", name="Run one now").click()
    page.wait_for_url("**/labs/*")
    expect(page.get_by_role("heading", name="Runs of this lab")).to_be_visible()
    page.get_by_role("link", name="My labs").click()
    page.get_by_role("button", name=re.compile("^Delete")).click()
    expect(page.get_by_role("main")).to_contain_text("You have no lab running")
    context.close()
