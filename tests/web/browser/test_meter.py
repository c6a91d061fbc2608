"""The cost meter in a real browser: it follows the lab's events and the visitor's rate, and rests otherwise."""

import itertools
import re
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect

from tests.support.workbench import open_step, show

pytestmark = [pytest.mark.browser, pytest.mark.lab]


def _total(meter: Locator) -> Decimal:
    """What the lab cost so far, in US dollars, undiminished by how it is shown."""
    return Decimal(meter.locator("[data-meter-figures]").get_attribute("data-usd") or "")


def test_the_meter_grows_with_each_action_and_asks_no_more_often_than_it_must(page: Page) -> None:
    asked: list[float] = []

    def note(request: Request) -> None:
        if "/bill?" in request.url:
            asked.append(request.timing["startTime"])

    page.on("requestfinished", note)
    page.goto("/patterns/gateway-validator/")
    assert not asked
    page.get_by_role("button", name="Run it").click()
    show(page, "Cost")
    meter = page.locator("[data-meter]")
    expect(meter).to_be_visible()
    so_far = meter.locator(".meter-sum").first
    expect(so_far).to_contain_text("0 requests")
    before = _total(meter)
    page.locator(".lab-step").first.get_by_role("button", name=re.compile("^Send")).click()
    expect(so_far).to_contain_text("1 request in")
    change = meter.locator("[data-meter-change]")
    expect(change).to_have_text(re.compile(r"^\+\$0\.0+[1-9]\d?$"))
    told = Decimal(change.inner_text().removeprefix("+$"))
    assert told <= (_total(meter) - before) * Decimal("1.05"), "told in two digits, it may be rounded up by 5 % at most"
    open_step(page.locator("#step-missing-field")).get_by_role("button", name=re.compile("^Send")).click()
    expect(meter.locator(".is-avoided").first).to_contain_text("for work that this design avoids")
    assert all(later - earlier > 1500 for earlier, later in itertools.pairwise(asked))
    for _ in range(10):  # until what was stirred is read, however late it comes
        read = len(asked)
        page.wait_for_timeout(3000)
        if len(asked) == read:
            break
    assert len(asked) == read, "the meter asks although nothing happens"


def test_a_rate_and_the_free_tier_are_chosen_by_keyboard_and_what_is_open_stays_open(page: Page) -> None:
    page.goto("/patterns/gateway-validator/")
    page.get_by_role("button", name="Run it").click()
    show(page, "Cost")
    meter = page.locator("[data-meter]")
    page.locator(".lab-step").first.get_by_role("button", name=re.compile("^Send")).click()
    gateway = meter.locator("details", has_text="Calls of a REST API")
    gateway.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(gateway).to_have_attribute("open", "")
    meter.get_by_label("Requests per month", exact=True).fill("2000000")
    expect(gateway).to_contain_text("$7.00")
    expect(gateway).to_have_attribute("open", "")
    month = meter.locator(".is-month .meter-usd")
    listed = month.inner_text()
    meter.get_by_label("less the free tier").check()
    expect(month).not_to_have_text(listed)
    slider = meter.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    expect(meter.get_by_text("A month of 1,000 such requests")).to_be_visible()


def test_without_javascript_the_labs_page_has_its_meter(browser: Browser, page: Page) -> None:
    page.goto("/patterns/gateway-validator/")
    page.get_by_role("button", name="Run it").click()
    show(page, "Cost")
    expect(page.locator("[data-meter]")).to_be_visible()
    lab = page.locator("[data-meter]").get_attribute("data-src")
    assert lab is not None
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(page.url.split("/patterns")[0] + lab.removesuffix("/bill"))
    plain.get_by_label("Requests per month").fill("5000")
    plain.get_by_role("button", name="Calculate").click()
    expect(plain.get_by_text("A month of 5,000 such requests")).to_be_visible()
    plain.context.close()
