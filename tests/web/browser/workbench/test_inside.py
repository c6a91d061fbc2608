"""A press on a box of the diagram shows what is in it: wide or narrow, by keyboard, and after more traffic."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.workbench import show

pytestmark = [pytest.mark.browser, pytest.mark.lab]

PATTERN = "/patterns/idempotent-proxy/"
VIEW = "[data-view=inside]"


def run_it(page: Page) -> str:
    """Run the pattern; its endpoint."""
    page.goto(PATTERN)
    page.get_by_role("button", name="Run it", exact=True).click()
    expect(page.locator("[data-status]")).to_contain_text("ready")
    return page.locator("[data-endpoint]").inner_text()


def charge(page: Page, endpoint: str, key: str) -> None:
    body = {"order": key, "amount_cents": 1250, "currency": "EUR"}
    answer = page.request.post(f"{endpoint}/charges", headers={"Idempotency-Key": key}, data=body)
    assert answer.ok, answer.text()


def box(page: Page, name: str) -> Locator:
    return page.locator(f"#diagram [data-node={name}] a:visible")


def test_a_box_leads_to_the_template_until_something_runs(page: Page) -> None:
    page.goto(PATTERN)
    expect(box(page, "ChargesTable")).to_have_accessible_name(re.compile("of the template$"))
    box(page, "ChargesTable").click()
    page.wait_for_url("**/source/template.yaml#L*")


def test_a_box_shows_what_is_in_it_and_follows_it(page: Page) -> None:
    endpoint = run_it(page)
    show(page, "Inside")
    expect(page.locator(VIEW)).to_contain_text("Press a box of the diagram")
    box(page, "ChargesTable").click()
    expect(page.locator(VIEW)).to_contain_text("None right now.")
    charge(page, endpoint, "key-one-1")
    expect(page.locator(f"{VIEW} .inside-entries")).to_contain_text("1250")
    charge(page, endpoint, "key-two-2")
    expect(page.locator(f"{VIEW} .inside-entries li")).to_have_count(2)
    box(page, "ChargesFunction").click()
    expect(page.locator(f"{VIEW} .inside-log")).to_contain_text("REPORT RequestId")
    expect(page.locator(VIEW)).to_contain_text("dynamodb:")
    expect(page.get_by_role("link", name="In the template")).to_have_attribute("href", re.compile(r"yaml#L\d+$"))


def test_a_box_is_opened_by_keyboard_and_keeps_the_focus(page: Page) -> None:
    run_it(page)
    for key in ("Enter", " "):
        box(page, "ChargesTable").focus()
        page.keyboard.press(key)
        expect(page.locator("[data-inside=ChargesTable]")).to_be_visible()
        expect(box(page, "ChargesTable")).to_be_focused()
        show(page, "Now")
    expect(box(page, "ChargesTable")).to_have_accessible_name(re.compile("look inside$"))
    expect(box(page, "ChargesTable")).to_have_role("button")


def test_a_box_leads_to_the_template_again_when_the_lab_is_over(page: Page) -> None:
    run_it(page)
    box(page, "ChargesTable").click()
    expect(page.locator("[data-inside=ChargesTable]")).to_be_visible()
    page.get_by_role("button", name="Delete this lab").click()
    expect(page.locator("[data-status]")).to_contain_text("You have deleted this lab")
    expect(page.locator("[data-inside]")).to_have_count(0)
    expect(box(page, "ChargesTable")).to_have_accessible_name(re.compile("of the template$"))


def test_a_phone_opens_the_box_in_the_sheet_and_back_closes_it(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    run_it(page)
    page.locator("[data-whole]").click()
    box(page, "ChargesTable").click()
    expect(page.locator(".lab-watch.is-overlay [data-inside=ChargesTable]")).to_be_visible()
    expect(page.get_by_role("tab", name="Inside")).to_be_in_viewport(ratio=0.9)
    expect(page.locator("#diagram")).not_to_have_class(re.compile("is-overlay"))
    page.go_back()
    expect(page.locator(".lab-watch.is-overlay")).to_have_count(0)
    expect(page).to_have_url(re.compile(PATTERN))
