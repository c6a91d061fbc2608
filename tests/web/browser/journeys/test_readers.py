"""Five tasks of a first-time reader, each with how many presses it may take: `make readers` shows the times.

A press is a click on something that the reader can see. Typing and reading are not counted.
"""

import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.lab]


@dataclass
class Reader:
    page: Page
    presses: int = 0
    began: float = field(default_factory=time.monotonic)

    def press(self, part: Locator) -> None:
        expect(part).to_be_visible()
        part.click()
        self.presses += 1


@pytest.fixture
def reader(page: Page, request: pytest.FixtureRequest) -> Iterator[Reader]:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/")
    reader = Reader(page)
    yield reader
    took = time.monotonic() - reader.began
    sys.stdout.write(f"\n{request.node.name.removeprefix('test_')}: {reader.presses} presses, {took:.1f} s\n")


def test_from_home_to_an_endpoint_that_answers_in_one_press(reader: Reader) -> None:
    begin(reader)
    assert reader.presses == 1


def test_from_there_to_the_first_fault_in_three_presses(reader: Reader) -> None:
    begin(reader)
    lever = reader.page.locator(".lever").first
    lever.scroll_into_view_if_needed()
    reader.press(lever.locator(".lever-switch"))
    expect(reader.page.locator(".lab-broken")).to_be_visible()
    assert reader.presses - 1 <= 3


def test_from_a_trouble_to_the_pattern_that_helps_in_three_presses(reader: Reader) -> None:
    reader.press(reader.page.get_by_role("link", name="Which one do I need?"))
    trouble = reader.page.locator("summary", has_text="Traffic comes in bursts")
    reader.press(trouble)
    leads = reader.page.locator("#bursts").get_by_role("heading", level=3)
    reader.press(leads.get_by_role("link", name="Queue-Based Load Leveling"))
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("Queue-Based Load Leveling")
    assert reader.presses <= 3


def test_from_a_mistyped_word_to_the_section_that_explains_it_in_three_presses(reader: Reader) -> None:
    reader.press(reader.page.get_by_role("navigation", name="Site").get_by_role("link", name="Search"))
    reader.page.get_by_role("searchbox").fill("idempotnt")
    reader.press(reader.page.get_by_role("button", name="Search"))
    expect(reader.page.get_by_role("status")).to_contain_text("for “idempotent”")
    reader.press(reader.page.get_by_role("link", name="Idempotent Proxy"))
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("Idempotent Proxy")
    assert reader.presses <= 3


def test_from_home_to_a_lab_that_is_found_again_and_deleted_in_three_presses(reader: Reader) -> None:
    begin(reader)
    reader.press(reader.page.get_by_role("link", name=re.compile(r"^1 lab · ")))
    reader.press(reader.page.get_by_role("button", name=re.compile("^Delete")))
    expect(reader.page.get_by_role("main")).to_contain_text("You have no lab running")
    assert reader.presses <= 3


def begin(reader: Reader) -> None:
    reader.press(reader.page.get_by_role("button", name="Run one now"))
    answered = reader.page.get_by_role("log").locator(".trace-request").first
    expect(answered).to_contain_text("was answered", timeout=30_000)
    expect(reader.page.locator("[data-endpoint]")).to_contain_text("/live/")
