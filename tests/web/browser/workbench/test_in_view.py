"""The workbench: what happens is in view at every step, by mouse, by keyboard and on a narrow screen."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from catalogue.patterns.content.library import library
from tests.support.workbench import show

pytestmark = [pytest.mark.browser, pytest.mark.lab]

PATTERN = "/patterns/function-as-a-web-service/"


def run_it(page: Page) -> None:
    page.goto(PATTERN)
    page.get_by_role("button", name="Run it", exact=True).click()
    expect(page.locator("[data-status]")).to_contain_text("ready")


def in_view(part: Locator) -> bool:
    """Whether all of it is within the window, once the page has scrolled."""
    look = "e => { const r = e.getBoundingClientRect(); return r.height > 0 && r.top >= 0 && r.bottom <= innerHeight }"
    for _ in range(100):
        if part.evaluate(look):
            return True
        part.page.wait_for_timeout(100)
    return False


def done(page: Page, place: int) -> None:
    expect(page.locator(".lab-step").nth(place)).to_have_class(re.compile("is-done"), timeout=60_000)


def test_the_diagram_is_in_view_at_every_step_of_a_story_by_keyboard_only(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    run_it(page)
    page.locator(".lab-step").first.get_by_role("button", name=re.compile("^Send")).focus()
    for place in range(3):
        page.keyboard.press("Enter")
        done(page, place)
        assert in_view(page.locator("#diagram .diagram__picture:visible")), place
        expect(page.locator(".lab-step details[open]")).to_have_count(1)
        expect(page.locator(".lab-step").nth(place).get_by_role("button", name="Next step")).to_be_focused()
        page.keyboard.press("Enter")  # to the next step's own button
        expect(page.locator(".lab-step").nth(place + 1).locator("form button").first).to_be_focused()
    expect(page.locator(".lab-step").first.locator("[data-came]")).to_have_text(re.compile("^200 in "))


def test_on_a_phone_the_diagram_stays_as_a_band_and_opens_whole_until_back_closes_it(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    run_it(page)
    first = page.locator(".lab-step").first
    first.get_by_role("button", name=re.compile("^Send")).click()
    done(page, 0)
    band = page.get_by_role("button", name="Show the whole diagram")
    assert in_view(band)
    expect(band.locator("[data-count]").filter(has_text="1 run")).to_have_count(1)
    band.click()
    expect(page.locator("#diagram.is-overlay")).to_be_visible()
    page.go_back()
    expect(page.locator("#diagram.is-overlay")).to_have_count(0)
    expect(band).to_be_focused()
    assert page.url.endswith(PATTERN)

    page.get_by_role("button", name="What happens").click()
    show(page, "Now")
    expect(page.get_by_role("log").locator(".trace-request").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".lab-watch.is-overlay")).to_have_count(0)


def test_what_is_alike_in_the_trace_is_one_line_that_opens(page: Page) -> None:
    page.goto("/patterns/queue-based-load-leveling/")
    page.get_by_role("button", name="Run it", exact=True).click()
    expect(page.locator("[data-status]")).to_contain_text("ready")
    page.locator("#step-burst summary").first.click()
    page.locator("#step-burst").get_by_role("button", name=re.compile("^Send")).click()
    expect(page.locator("#step-burst")).to_have_class(re.compile("is-done"), timeout=60_000)
    group = page.get_by_role("log").locator(".trace-group.trace-request").first
    expect(group.locator("summary")).to_contain_text(re.compile(r"\d+ × POST /orders, all answered 202, .* to .*\."))
    one = group.locator("li").first
    expect(one).to_be_hidden()
    group.locator("summary").click()
    expect(one).to_contain_text("POST /orders was answered 202")


def test_a_resting_page_is_short_and_nothing_of_it_is_lost(page: Page) -> None:
    for width, most in ((1440, 9000), (390, 14_000)):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/patterns/queue-based-event-distribution/")
        assert page.evaluate("document.documentElement.scrollHeight") <= most, width
    page.goto("/patterns/queue-based-event-distribution/#what-goes-wrong")
    expect(page.locator("section[aria-labelledby=what-goes-wrong] details")).to_have_attribute("open", "")


def test_a_long_run_of_alike_calls_is_counted_whole_and_keeps_a_bounded_log(page: Page) -> None:
    call = {"method": "GET", "path": "/zones", "status": 200, "trace": "1-0-0"}
    calls = [call | {"at": 1_790_000_000 + number / 10, "ms": number} for number in range(1, 701)]
    stream = "retry: 600000\n\n" + "".join(f"event: request\ndata: {json.dumps(call)}\n\n" for call in calls)
    headers = {"Content-Type": "text/event-stream"}
    page.route("**/labs/*/events", lambda route: route.fulfill(headers=headers, body=stream))
    run_it(page)
    log = page.get_by_role("log")
    expect(log.locator("summary > .trace-text")).to_have_text("700 × GET /zones, all answered 200, 1.0 ms to 700 ms.")
    expect(log.locator("ol ol > li")).to_have_count(300)
    expect(log.locator("ol ol > li").last).to_contain_text("in 700 ms")


CUT_OFF = """() => {
  const frame = document.querySelector("#diagram .diagram");
  const hint = frame.querySelector(".diagram__hint");
  return { cut: frame.scrollWidth > frame.clientWidth, says: !!hint && getComputedStyle(hint).display !== "none" };
}"""


def test_a_diagram_says_that_it_is_cut_off_where_it_is_and_nowhere_else(page: Page) -> None:
    wrong = []
    for pattern in library().patterns():
        page.goto(pattern.url)
        for width in (320, 360, 390, 412, 480):
            page.set_viewport_size({"width": width, "height": 800})
            seen = page.evaluate(CUT_OFF)
            if seen["cut"] != seen["says"]:
                wrong.append((pattern.slug, width, seen))
    assert wrong == []
