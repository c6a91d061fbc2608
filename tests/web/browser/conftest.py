"""A real Chromium on the real site, both started once for all browser tests."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.support.site import Site, free_port, running_site

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The headless shell first: the same engine, and a fresh visitor costs a tenth of what they cost the whole browser."""
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
PATIENCE = 30_000
"""Milliseconds within which a page shows what a test expects: a busy machine may take ten seconds to start a stack."""
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


# Package scope: while Playwright's sync API runs, Django takes every thread of it for asynchronous.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        reason = "No Chromium on this machine (on Debian: apt install chromium-headless-shell)."
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    var: Path = tmp_path_factory.mktemp("site")
    with running_site(var, free_port(), LABS_PER_VISITOR="50", LABS_PER_ADDRESS="200", HANG_SECONDS="60") as site:
        yield site


def complaint(message: ConsoleMessage) -> list[str]:
    """An error that the browser reports, unless it is a lab's own refusal, which steps provoke on purpose."""
    refused_by_a_lab = "/live/" in message.location["url"]
    return [message.text] if message.type == "error" and not refused_by_a_lab else []


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A fresh visitor. A message in the browser's console or an error in a script fails the test."""
    context = browser.new_context(base_url=site.url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.extend(complaint(message)))
    yield page
    context.close()
    assert not complaints, complaints
