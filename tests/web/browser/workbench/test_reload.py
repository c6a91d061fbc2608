"""A reload, another tab and *Run one now* find the lab with its ticks, answers and values."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.workbench import open_step

pytestmark = [pytest.mark.browser, pytest.mark.lab]

PATTERN = "/patterns/asynchronous-request-reply/"


def step(page: Page, number: int) -> Locator:
    return page.locator(".lab-step").nth(number - 1)


def take(page: Page, number: int) -> None:
    item = open_step(step(page, number))
    item.get_by_role("button", name=re.compile("^(Send|Run)")).click()
    expect(item).to_have_class(re.compile("is-done"))


def expect_ready(page: Page) -> None:
    expect(page.locator("[data-status]")).to_contain_text("ready")


def test_ticks_answers_and_values_are_there_after_a_reload_and_in_another_tab(page: Page) -> None:
    page.goto(PATTERN)
    page.get_by_role("button", name="Run it", exact=True).click()
    expect_ready(page)
    take(page, 1)
    came = step(page, 1).locator("[data-came]").inner_text()
    answer = step(page, 1).locator(".answer-body").inner_text()
    page.reload()
    other = page.context.new_page()
    other.goto(PATTERN)
    for tab in (page, other):
        expect_ready(tab)
        expect(step(tab, 1)).to_have_class(re.compile("is-done"))
        expect(step(tab, 1).locator("[data-came]")).to_have_text(came)
        expect(step(tab, 2).locator("details")).to_have_attribute("open", "")
        assert open_step(step(tab, 1)).locator(".answer-body").inner_text() == answer
    # The second step asks about the job that the first one made.
    take(other, 2)


def test_run_one_now_has_ticked_the_first_step(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Run one now").first.click()
    page.wait_for_url("**/labs/*")
    expect(page.locator(".lab-step.is-done").first).to_be_visible()
    expect(page.locator(".lab-step.is-done [data-came]").first).to_have_text(re.compile(r"\d+ in "))
