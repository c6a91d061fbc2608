"""Sliders in a real browser: moved by keyboard, the AWS call is shown, and traffic is sent by the button."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.lab]

PATTERN = "/patterns/queue-based-load-leveling/"


def test_a_slider_moved_by_keyboard_changes_the_stack_and_a_reload_knows(page: Page) -> None:
    page.goto(PATTERN)
    page.get_by_role("button", name="Run it").click()
    batch = page.get_by_role("slider", name="Orders in a batch")
    expect(batch).to_have_value("5")
    batch.press("End")
    result = page.locator("#slider-batch [data-result]")
    expect(result).to_contain_text("Orders in a batch: 10.")
    expect(page.locator("#slider-batch output")).to_have_text("10")
    expect(batch).to_be_focused()
    result.get_by_text("The same with the AWS CLI").click()
    expect(result.locator("pre")).to_contain_text(
        re.compile(r"^aws lambda update-event-source-mapping .* --batch-size 10$")
    )
    page.reload()
    expect(page.get_by_role("slider", name="Orders in a batch")).to_have_value("10")


def test_traffic_is_sent_by_the_button_in_the_chosen_amount(page: Page) -> None:
    page.goto(PATTERN)
    page.get_by_role("button", name="Run it").click()
    orders = page.get_by_role("slider", name="Orders at once")
    orders.press("PageUp")
    amount = orders.input_value()
    assert int(amount) > 1
    page.locator("#slider-orders").get_by_role("button", name="Send").press("Enter")
    expect(page.locator("#slider-orders [data-result]")).to_contain_text(f"Answered: {amount} × 202.")
