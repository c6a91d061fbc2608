"""The whole site, walked as a crawler walks it: every address that a page, the sitemap or the index names, answers.

Where a link says `rel="nofollow"`, as those to combinations of filters do, its address is asked and its links are left.
"""

import re
from collections import deque
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

import pytest
from django.conf import settings
from django.test import Client

from catalogue.patterns.content.library import library

START = ["/", "/sitemap.xml", "/llms.txt", "/robots.txt", "/patterns.json", "/openapi.json", "/feed.atom", "/healthz"]
START += ["/mailbox/", "/newsletter/check-mailbox", "/search/?q=queue"]
NOT_FOLLOWED = re.compile(r"^/(static|admin|labs|live)/")


type Link = tuple[str, bool]
"""Where it leads, and whether to go on from there."""


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        walked = "nofollow" not in (dict(attrs).get("rel") or "").split()
        self.found += [(value, walked) for name, value in attrs if name in ("href", "src") and value]


def links_of(content: str, kind: str) -> list[Link]:
    if kind.startswith("text/html"):
        links = Links()
        links.feed(content)
        return links.found
    if kind.startswith(("image/", "application/zip")):
        return []
    named = re.findall(re.escape(settings.SITE_URL) + r"(/[^\s\"'<>)\]]*)", content)
    return [(address, True) for address in named]


@pytest.mark.django_db
def test_every_address_that_the_site_names_answers(client: Client) -> None:
    renamed = {f"/patterns/{alias}/" for pattern in library().patterns() for alias in pattern.front.aliases}
    waiting, seen, broken = deque((path, True) for path in START), set(START), []
    while waiting:
        path, walked = waiting.popleft()
        response = client.get(path, HTTP_ACCEPT="text/html,*/*")
        if response.status_code == 301 and path in renamed:  # the feed's ids name pages as they were first called
            continue
        if response.status_code != 200:
            broken.append((response.status_code, path))
            continue
        kind = response.headers["Content-Type"]
        body = "" if kind.startswith(("image/png", "application/zip")) else response.text
        for link, onward in links_of(body, kind) if walked else []:
            target = urldefrag(urljoin(path, link.removeprefix(settings.SITE_URL) or "/")).url
            if target.startswith("/") and target not in seen and not NOT_FOLLOWED.match(target):
                seen.add(target)
                waiting.append((target, onward))
    assert not broken
    assert any(path.startswith("/patterns/?") and "&" in path for path in seen), "two filters at once"
    for pattern in library().patterns():
        files = {f"{pattern.url}source/{file.path}" for file in pattern.files}
        others = {f"{pattern.url}project.zip", f"{pattern.url}share.png", f"{pattern.url}diagram.svg"}
        if pattern.recorded:
            others |= {f"{pattern.url}recorded/", f"{pattern.url}recorded.json"}
        assert files | others | {f"/patterns/{pattern.slug}.md", f"/patterns/{pattern.slug}.json"} <= seen
