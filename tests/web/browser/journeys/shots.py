"""The contact sheet: every kind of page and state at three widths in both themes, in one file to look through.

    python -m tests.web.browser.journeys.shots [--to DIR] [--only WORD]

It starts a site of its own and needs Chromium. `index.html` in DIR (var/shots) shows all pictures, by page.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.site import ROOT, free_port, running_site
from tests.web.browser.conftest import CHROMIUM, QUIET

WIDTHS = (320, 768, 1440)
THEMES = ("light", "dark")
HEIGHT = 900
_SETTLED_MS = 400
"""For fonts, and for what a script writes after the page has come."""
PATTERN = "/patterns/queue-based-load-leveling/"
PAGES = {
    "home": "/",
    "list": "/patterns/",
    "list, filtered": "/patterns/?level=200&helps=cost",
    "list, unknown filters": "/patterns/?uses=sqs&level=999",
    "guide": "/guide/",
    "map": "/map/",
    "side by side": "/compare/?pattern=gateway-proxy&pattern=function-as-a-web-service",
    "search": "/search/?q=idempotnt",
    "search, nothing found": "/search/?q=xyzzyx",
    "about": "/about/",
    "fidelity": "/fidelity/",
    "pattern": PATTERN,
    "ledger": f"{PATTERN}ledger/",
    "recorded run": f"{PATTERN}recorded/",
    "source": f"{PATTERN}source/template.yaml",
    "not found": "/patterns/queue-based-load-levelling/",
    "newsletter": "/newsletter/",
    "draw": "/draw/",
    "my labs, none": "/labs/",
}


def begun(page: Page) -> None:
    """A lab that has answered its first request."""
    page.goto("/")
    page.get_by_role("button", name="Run one now").click()
    expect(page.get_by_role("log").locator(".trace-request").first).to_be_attached(timeout=60_000)


def broken(page: Page) -> None:
    """The same with the first fault caused."""
    page.locator(".lever-switch").first.click()
    expect(page.locator(".lab-broken")).to_be_attached(timeout=60_000)


def listed(page: Page) -> None:
    page.goto("/labs/")


def over(page: Page) -> None:
    """The page of a lab that was deleted."""
    lab = page.locator("a", has_text="Open").first.get_attribute("href")
    page.locator("form[action$=delete] button").first.click()
    page.wait_for_url("**/labs/")
    page.goto(lab or "/labs/")


STATES: dict[str, Callable[[Page], None]] = {"lab": begun, "lab, broken": broken, "my labs": listed, "lab, over": over}
"""One after the other in one visitor's browser."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "var" / "shots")
    parser.add_argument("--only", default="", help="a word in the names of the pages to be shown")
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as var, launched() as browser:
        limits = {"LABS_PER_VISITOR": "50", "LABS_PER_ADDRESS": "200"}
        contact = {"CONTACT_EMAIL": "hello@patterns.example", "SOCIAL_LINKS": "Code=https://code.example/patterns"}
        with running_site(Path(var), free_port(), **limits, **contact) as site:
            for theme in THEMES:
                for width in WIDTHS:
                    for name, file in shots(browser, site.url, width, theme, options.to, options.only):
                        pictures.setdefault(name, []).append(file)
    sheet = options.to / "index.html"
    sheet.write_text(contact_sheet(pictures))
    sys.stdout.write(f"{sum(map(len, pictures.values()))} pictures: {sheet}\n")


@contextmanager
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


def shots(browser: Browser, url: str, width: int, theme: str, to: Path, only: str) -> Iterator[tuple[str, str]]:
    """The name and the file of each picture as it is taken. Says which page is wider than its window."""
    scheme: Literal["dark", "light"] = "dark" if theme == "dark" else "light"
    context = browser.new_context(
        base_url=url, viewport={"width": width, "height": HEIGHT}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    for name, path in PAGES.items():
        if only in name:
            page.goto(path)
            yield name, _shot(page, name, width, theme, to)
    if any(only in name for name in STATES):
        for name, reach in STATES.items():
            reach(page)
            yield name, _shot(page, name, width, theme, to)
    context.close()


def _shot(page: Page, name: str, width: int, theme: str, to: Path) -> str:
    page.wait_for_timeout(_SETTLED_MS)
    beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if beyond > 0:
        sys.stdout.write(f"{name} at {width}: {beyond} px wider than the window\n")
    file = f"{name.replace(', ', '-').replace(' ', '-')}-{width}-{theme}.png"
    page.screenshot(path=to / file, full_page=True)
    return file


def contact_sheet(pictures: dict[str, list[str]]) -> str:
    """A page with all pictures, each a link to itself in full."""
    parts = [
        f"<h2>{escape(name)}</h2><p>"
        + "".join(f'<a href="{file}"><img src="{file}" height="480" alt="{escape(file)}"></a> ' for file in files)
        + "</p>"
        for name, files in pictures.items()
    ]
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Contact sheet</title>{"".join(parts)}</html>\n'


if __name__ == "__main__":
    main()
