"""A lab's page that is open while the emulator hangs."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Page, expect

from tests.support.site import Site, descendants

pytestmark = [pytest.mark.browser, pytest.mark.lab]


@pytest.fixture
def emulator(site: Site) -> Iterator[list[int]]:
    """The processes of the site's emulator; they go on at the end of the test, whatever it did to them."""
    pids = [pid for pid, command in descendants(site.process.pid).items() if "labs.embedded" in command]
    assert pids
    yield pids
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def test_an_open_page_says_that_the_emulator_hangs_and_that_it_answers_again(page: Page, emulator: list[int]) -> None:
    page.goto("/patterns/function-as-a-web-service/")
    page.get_by_role("button", name="Run it").click()
    status = page.locator("lab-panel [data-status]")
    expect(status).to_contain_text("Your stack is ready")
    for pid in emulator:
        os.kill(pid, signal.SIGSTOP)
    # Before the supervisor replaces it: HANG_SECONDS of this site is 60.
    expect(status).to_have_text("The embedded AWS does not answer at the moment.", timeout=50_000)
    for pid in emulator:
        os.kill(pid, signal.SIGCONT)
    expect(status).to_have_text("The embedded AWS answers again.")
