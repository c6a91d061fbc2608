"""The first view of a page, with its fonts, styles and scripts, stays within its budget, compressed by gzip.

tests/web/browser/test_page_weight.py has Chromium count it, the next view too.
"""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from catalogue.patterns.content.library import library
from catalogue.web.storage import with_imports
from tests.patterns.support.html import read_page

BUDGET = 90_000
FONT_BUDGET = 60_000


def compressed(content: bytes) -> int:
    return len(gzip.compress(content, 9))


def static_file(address: str) -> Path:
    found = finders.find(address.removeprefix("/static/"))
    assert isinstance(found, str), address
    return Path(found)


def sheet(name: str) -> str:
    """A style sheet as it is served: its imports in their places."""
    return with_imports(name, lambda each: static_file(f"/static/{each}").read_text())


def scripts_of(entry: Path) -> set[Path]:
    """A module with everything it imports."""
    found, waiting = set(), [entry]
    while waiting:
        script = waiting.pop()
        if script not in found:
            found.add(script)
            imports = re.findall(r'(?:from|import) "(\.[^"]+)"', script.read_text())
            waiting += [(script.parent / name).resolve() for name in imports]
    return found


def weight(client: Client, path: str) -> int:
    html = client.get(path, headers={"accept": "text/html"}).content
    page = read_page(html.decode())
    files: set[Path] = set()
    sheets = {link["href"].removeprefix("/static/") for link in page.all("link", rel="stylesheet")}
    for script in page.all("script", type="module"):
        files |= scripts_of(static_file(script["src"]))
    fonts = Path(static_file("/static/fonts/piazzolla-text.woff2")).parent.glob("*.woff2")
    return (
        compressed(html)
        + sum(compressed(sheet(name).encode()) for name in sheets)
        + sum(compressed(file.read_bytes()) for file in files)
        + sum(font.stat().st_size for font in fonts)
    )


@pytest.mark.parametrize("path", ["/", "/patterns/", "/about/"])
def test_a_page_is_within_its_budget(client: Client, path: str) -> None:
    assert weight(client, path) <= BUDGET


def test_every_pattern_is_within_its_budget(client: Client) -> None:
    weights = {slug: weight(client, f"/patterns/{slug}/") for slug in library().by_slug}

    assert {slug: bytes for slug, bytes in weights.items() if bytes > BUDGET} == {}


def test_the_fonts_are_within_theirs() -> None:
    folder = static_file("/static/fonts/piazzolla-text.woff2").parent
    fonts = list(folder.glob("*.woff2"))

    assert sum(font.stat().st_size for font in fonts) <= FONT_BUDGET
    assert len(fonts) == len(set(re.findall(r'url\("\.\./fonts/([^"]+)"\)', sheet("css/site.css"))))
