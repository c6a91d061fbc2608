"""Small pages of long texts and lists: an assistant reads all that it is sent. Pure."""

from collections.abc import Sequence
from typing import Any

PAGE_CHARACTERS = 6000
PAGE_ITEMS = 10


class NoSuchPage(Exception):
    """The page does not exist; the message says how many there are."""


def page_of_items(items: Sequence[Any], page: int, size: int = PAGE_ITEMS) -> dict[str, Any]:
    """`{"items": […], "page": 1, "pages": 3}`; an empty list has one page. Raises NoSuchPage."""
    pages = max(1, -(-len(items) // size))
    _require_page(page, pages)
    return {"items": list(items[(page - 1) * size : page * size]), "page": page, "pages": pages}


def page_of_text(text: str, page: int, size: int = PAGE_CHARACTERS) -> dict[str, Any]:
    """`{"text": …, "page": 1, "pages": 3}`; pages end where lines end, if lines are not longer. Raises NoSuchPage."""
    pages = _pages(text, size)
    _require_page(page, len(pages))
    return {"text": pages[page - 1], "page": page, "pages": len(pages)}


def _pages(text: str, size: int) -> list[str]:
    pages = [""]
    for line in text.splitlines(keepends=True) or [""]:
        while len(line) > size:
            pages, line = [*pages, line[:size]], line[size:]
        if len(pages[-1]) + len(line) > size:
            pages.append("")
        pages[-1] += line
    return [page for page in pages if page] or [""]


def _require_page(page: int, pages: int) -> None:
    if not 1 <= page <= pages:
        raise NoSuchPage(f"There is no page {page}. The pages are 1 to {pages}.")


def shortened(text: str, most: int) -> str:
    """The text, or its beginning and how long it is."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters in all)"
