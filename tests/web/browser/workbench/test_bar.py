"""The bar below a lab: one clock, all faults reset, and what it says of an end."""

import re
import subprocess

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.lab]

PATTERN = "/patterns/gateway-proxy/"
NOT_AN_ERROR = re.compile(r"^(?!.*is-error)")


def run_it(page: Page) -> None:
    page.goto(PATTERN)
    page.get_by_role("button", name="Run it", exact=True).click()
    expect(page.locator("[data-status]")).to_contain_text("ready")


def test_the_clock_is_the_nearer_of_both_limits(page: Page) -> None:
    run_it(page)
    expect(page.locator("[data-left]")).to_have_text(re.compile(r"deleted in (10:00|9:\d\d)"))


def test_all_faults_are_reset_by_one_button(page: Page) -> None:
    run_it(page)
    page.locator(".lever-switch").first.click()
    expect(page.locator(".lab-broken")).to_be_visible()
    page.get_by_role("button", name="Reset all faults").click()
    expect(page.locator(".lab-broken")).to_have_count(0)
    expect(page.locator(".lever.is-pulled")).to_have_count(0)
    expect(page.get_by_role("button", name="Reset all faults")).to_have_count(0)


def test_deleting_ones_own_lab_is_no_error(page: Page) -> None:
    run_it(page)
    page.get_by_role("button", name="Delete this lab").click()
    status = page.locator("[data-status]")
    expect(status).to_contain_text("You have deleted this lab")
    expect(status).to_have_class(NOT_AN_ERROR)


def test_a_copied_curl_is_run_in_a_terminal_and_the_bar_says_when_it_arrives(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    run_it(page)
    page.get_by_role("button", name="Copy as curl").click()
    status = page.locator("[data-status]")
    expect(status).to_contain_text("Run it in your terminal")
    command: str = page.evaluate("navigator.clipboard.readText()")
    assert command.startswith("curl -i ")
    subprocess.run(["sh", "-c", f"{command} --silent --max-time 20"], check=True, capture_output=True)
    expect(status).to_have_text(re.compile(r"^A call has arrived: [A-Z]+ /\S+, answered with 2\d\d\.$"))
    expect(page.locator("#diagram .has-count").first).to_be_attached()
