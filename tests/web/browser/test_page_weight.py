"""What Chromium transfers for a page and for the next one, whom it asks, what it waits for, and that nothing moves.

The site as others reach it (DEBUG=0). What was transferred is Chromium's own count, headers included.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.support.site import ROOT, Site, free_port, running_site
from tests.support.waiting import await_true

FIRST_VIEW = 90_000
NEXT_VIEW = 25_000
A_PHONE = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 90_000}
PATTERNS = [
    f"/patterns/{page.parent.name}/"
    for page in sorted((ROOT / "patterns_content").glob("*/pattern.md"))
    if "\ndraft: true\n" not in page.read_text()  # a draft has no page here
]
LONGEST = max(PATTERNS, key=lambda path: (ROOT / f"patterns_content/{path.split('/')[2]}/pattern.md").stat().st_size)
VISITS = [
    ("/", *PATTERNS),
    (LONGEST, "/", "/patterns/"),
    ("/patterns/", LONGEST),
    ("/about/", LONGEST),
    *((pattern, "/") for pattern in PATTERNS),
]
HEIGHTS = {1440: 9_000, 390: 14_000}
"""The most that a pattern's page may be tall before anything is run, by the width of the window."""


@dataclass
class Traffic:
    """What a page has transferred since the last `clear`: bytes by address."""

    page: Page
    bytes: dict[str, int] = field(default_factory=dict)
    _answers: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        devtools = self.page.context.new_cdp_session(self.page)
        devtools.send("Network.enable")
        devtools.on("Network.responseReceived", lambda event: self._answers.update({event["requestId"]: event}))
        devtools.on("Network.loadingFinished", self._finished)

    def _finished(self, event: Any) -> None:
        answer = self._answers.get(event["requestId"])
        if answer and not answer["response"].get("fromDiskCache"):
            self.bytes[answer["response"]["url"]] = int(event["encodedDataLength"])

    def of(self, address: str) -> int:
        """Open an address, look at all of it, and say how many bytes that took."""
        self.bytes.clear()
        document = self.page.goto(address)
        assert document is not None
        assert document.ok
        look_through(self.page)
        self.page.wait_for_load_state("networkidle")
        assert document.headers.get("content-encoding") == "br", "every page that is opened here is one that is kept"
        return sum(self.bytes.values())


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    environment = {
        "DEBUG": "0",
        "SECRET_KEY": secrets.token_urlsafe(40),
        "SITE_URL": "https://patterns.example",
        "SMTP_HOST": "127.0.0.1",
        "FROM_EMAIL": "Patterns <updates@patterns.example>",
    }
    with running_site(tmp_path_factory.mktemp("published"), free_port(), **environment) as site:
        await_true(
            lambda: "content-encoding" in httpx.get(site.url, timeout=30).headers, 300
        )  # the start's own build has ended
        yield site


@pytest.fixture
def visitor(browser: Browser, published: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Somebody who has never been here. A test's parameter is the width of their window."""
    width = getattr(request, "param", 1280)
    context = browser.new_context(base_url=published.url, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def look_through(page: Page) -> None:
    """Scroll to the end, a screen at a time, each of them painted.

    A headless Chromium may stop painting for good; after half a second the next screen's turn has come all the same.
    """
    page.evaluate("""async () => {
      await document.fonts.ready;
      for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight) {
        scrollTo(0, y);
        await Promise.race([
          new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))),
          new Promise((late) => setTimeout(late, 500)),
        ]);
      }
    }""")


@pytest.mark.browser
@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: " then ".join(visit[:3]))
def test_a_first_view_and_every_next_one_are_within_their_budgets(visitor: Page, visit: tuple[str, ...]) -> None:
    traffic = Traffic(visitor)

    first = traffic.of(visit[0])
    assert first <= FIRST_VIEW, traffic.bytes
    assert len(traffic.bytes) > 5, "the first view needs styles, fonts and scripts"
    for path in visit[1:]:
        assert traffic.of(path) <= NEXT_VIEW, (path, traffic.bytes)


@pytest.mark.browser
@pytest.mark.parametrize("path", ["/", "/patterns/", "/about/", "/search/?q=queue", LONGEST, f"{LONGEST}recorded/"])
def test_no_one_else_is_asked_and_only_the_theme_is_waited_for(visitor: Page, published: Site, path: str) -> None:
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    visitor.goto(path)
    look_through(visitor)
    visitor.wait_for_load_state("networkidle")
    waited_for = visitor.evaluate("""() => performance.getEntriesByType("resource")
      .filter((entry) => entry.renderBlockingStatus === "blocking").map((entry) => new URL(entry.name).pathname)""")

    assert [url for url in asked if not url.startswith((f"{published.url}/", "data:"))] == []
    assert waited_for, "a style sheet is waited for"
    # The policy forbids it inline, and the page must not be painted before it knows its theme.
    scripts = [name for name in waited_for if not name.endswith(".css")]
    assert len(scripts) == 1
    assert re.fullmatch(r"/static/js/early\.\w+\.js", scripts[0])


@pytest.mark.browser
@pytest.mark.parametrize("visitor", HEIGHTS, indirect=True)
def test_a_pattern_at_rest_is_not_taller_than_its_bound(visitor: Page) -> None:
    assert visitor.viewport_size is not None
    width = visitor.viewport_size["width"]
    heights = {}
    for path in PATTERNS:
        visitor.goto(path)
        visitor.wait_for_load_state("networkidle")
        heights[path] = visitor.evaluate("document.documentElement.scrollHeight")

    assert len(heights) == len(PATTERNS)
    assert all(600 < height <= HEIGHTS[width] for height in heights.values()), heights


@pytest.mark.browser
@pytest.mark.parametrize("visitor", [320, 768, 1440], indirect=True)
@pytest.mark.parametrize("path", ["/", "/patterns/", "/about/", LONGEST])
def test_nothing_moves_while_a_page_arrives(visitor: Page, path: str) -> None:
    devtools = visitor.context.new_cdp_session(visitor)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", A_PHONE)  # so that fonts come after the first paint
    visitor.add_init_script("""
      window.shifts = [];
      new PerformanceObserver((list) => shifts.push(...list.getEntries().map((entry) => entry.value)))
        .observe({ type: "layout-shift", buffered: true });
    """)
    visitor.goto(path)
    look_through(visitor)
    visitor.wait_for_load_state("networkidle")

    assert visitor.evaluate("shifts") == []
