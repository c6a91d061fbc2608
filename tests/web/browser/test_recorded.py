"""What a reader sees of a pattern who runs nothing: its recorded run, with JavaScript and without."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.lab]

PATTERN = "/patterns/function-as-a-web-service/"


def test_the_recorded_run_is_watched_over_the_page(page: Page) -> None:
    page.goto(PATTERN)
    expect(page.locator("#step-warm-call .recorded")).to_contain_text("Recorded: 200 in")
    page.get_by_role("link", name="Watch it").click()
    sheet = page.get_by_role("dialog", name="A recorded run")
    expect(sheet.locator("run-player.is-enhanced")).to_be_visible()
    expect(sheet.locator("[data-node].is-lit").first).to_be_attached()
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_have_count(0)
    assert page.url.endswith(PATTERN)


def test_without_javascript_the_steps_tell_it_and_the_link_leads_to_all_of_it(site: Site, browser: Browser) -> None:
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(PATTERN)
    expect(page.locator("#step-warm-call .recorded")).to_contain_text("Recorded: 200 in")
    page.get_by_role("link", name="Watch it").click()
    expect(page).to_have_url(f"{site.url}{PATTERN}recorded/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Function as a Web Service, recorded")
    expect(page.get_by_role("heading", name="Story")).to_be_visible()
    expect(page.get_by_role("heading", name="Waterfall")).to_be_visible()
    context.close()


def test_a_lab_of_ones_own_puts_its_own_results_in_the_place_of_the_recorded_ones(page: Page) -> None:
    page.goto(PATTERN)
    page.get_by_role("button", name="Run it").click()
    expect(page.locator("[data-status]")).to_contain_text("ready")
    expect(page.locator(".lab-step .recorded")).to_have_count(0)


def test_a_shared_run_replays_for_someone_else(page: Page, site: Site, browser: Browser) -> None:
    page.goto(PATTERN)
    page.get_by_role("button", name="Run it").click()
    expect(page.locator("[data-status]")).to_contain_text("ready")
    lab = page.locator("[data-endpoint]").inner_text().rpartition("/")[2]
    kept = page.request.post(f"{site.url}/labs/{lab}/steps/first-call").json()["run"]
    link = page.request.post(f"{site.url}{kept['page']}/share").json()["url"]
    stranger = browser.new_context()
    shown = stranger.new_page()
    shown.goto(link)
    expect(shown.locator("run-player.is-enhanced")).to_be_visible()
    assert lab not in shown.content()
    shown.get_by_role("button", name="Play").click()
    expect(shown.locator("[data-node].is-lit").first).to_be_attached()
    stranger.close()


IN_THE_BOX = """() => {
  const box = document.querySelector("[data-view=story]").getBoundingClientRect();
  const line = document.querySelector("[data-view=story] [aria-current]").getBoundingClientRect();
  return line.top >= box.top - 1 && line.bottom <= box.bottom + 1;
}"""


def test_the_story_follows_the_playhead_wherever_it_is_moved(page: Page) -> None:
    page.goto("/patterns/queue-based-load-leveling/recorded/")
    page.get_by_role("tab", name="Story").click()
    story, slider = page.locator("[data-view=story]"), page.locator("run-player input[type=range]")
    assert story.evaluate("(box) => box.scrollHeight > 2 * box.clientHeight")
    slider.focus()
    slider.press("End")
    expect(story.locator("[data-at]").last).to_have_attribute("aria-current", "step")
    page.wait_for_function(IN_THE_BOX)
    slider.press("Home")
    slider.press("ArrowRight")
    page.wait_for_function(IN_THE_BOX)
    assert story.evaluate("(box) => box.scrollTop < box.clientHeight")
