"""The whole site, walked as a crawler walks it: every address that a page, the sitemap or the index names, answers."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

import pytest
from django.conf import settings
from django.test import Client

from catalogue.patterns.library import library

START = ["/", "/sitemap.xml", "/llms.txt", "/robots.txt", "/patterns.json", "/openapi.json", "/feed.atom", "/healthz"]
START += ["/mailbox/", "/newsletter/check-mailbox", "/search/?q=queue"]
NOT_FOLLOWED = re.compile(r"^/(static|admin|labs|live)/")


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def addresses(content: str, kind: str) -> Iterator[str]:
    if kind.startswith("text/html"):
        links = Links()
        links.feed(content)
        yield from links.found
    elif not kind.startswith(("image/", "application/zip")):
        yield from re.findall(re.escape(settings.SITE_URL) + r"(/[^\s\"'<>)\]]*)", content)


@pytest.mark.django_db
def test_every_address_that_the_site_names_answers(client: Client) -> None:
    waiting, seen, broken = list(START), set(START), []
    while waiting:
        path = waiting.pop()
        response = client.get(path, HTTP_ACCEPT="text/html,*/*")
        if response.status_code != 200:
            broken.append((response.status_code, path))
            continue
        kind = response.headers["Content-Type"]
        body = "" if kind.startswith(("image/png", "application/zip")) else response.text
        for link in addresses(body, kind):
            target = urldefrag(urljoin(path, link.removeprefix(settings.SITE_URL) or "/")).url
            if target.startswith("/") and target not in seen and not NOT_FOLLOWED.match(target):
                seen.add(target)
                waiting.append(target)
    assert not broken
    for pattern in library().patterns():
        files = {f"{pattern.url}source/{file.path}" for file in pattern.files}
        others = {f"{pattern.url}project.zip", f"{pattern.url}share.png", f"{pattern.url}diagram.svg"}
        if pattern.recorded:
            others |= {f"{pattern.url}recorded/", f"{pattern.url}recorded.json"}
        assert files | others | {f"/patterns/{pattern.slug}.md", f"/patterns/{pattern.slug}.json"} <= seen
