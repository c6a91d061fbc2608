"""/patterns.json: all patterns, or those that filters leave, a page at a time."""

from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import EmptyPage, Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from catalogue.patterns.content.library import library
from catalogue.patterns.documents.models import pattern_list
from catalogue.patterns.search import filters
from catalogue.patterns.views.sharing import document
from catalogue.web.errors import Problem, read_only

MOST_PER_PAGE = 100
PER_PAGE = 20
"""Of a request that names a page without a size."""


@read_only
def patterns_json(request: HttpRequest) -> HttpResponseBase:
    """All on one page unless `page` or `per_page` asks for less. Problem 422 for a value that chooses nothing."""
    cards = list(library().by_slug.values())
    chosen = filters.selection(request.GET, cards)
    left = filters.apply(cards, chosen)
    given = {name: request.GET[name] for name in ("page", "per_page") if name in request.GET}
    _require_known(request, chosen)
    per_page = _number(given, "per_page", PER_PAGE, MOST_PER_PAGE) if given else max(1, len(left))
    paginator = Paginator(left, per_page)
    try:
        page = paginator.page(_number(given, "page", 1))
    except EmptyPage:
        detail = f"With {per_page} on a page, page {paginator.num_pages} is the last one."
        raise Problem(422, "No such page", detail) from None
    following = _address(chosen, page.next_page_number(), per_page) if page.has_next() else None
    found = pattern_list(
        list(page),
        settings.SITE_URL,
        total=paginator.count,
        page=page.number,
        pages=paginator.num_pages,
        next_url=following,
    )
    return document(request, found)


def _require_known(request: HttpRequest, chosen: filters.Selection) -> None:
    """Raises Problem: a program that misspells a filter must not take all patterns for its answer."""
    unknown = [part for part in filters.not_applied(request.GET, chosen) if not part.startswith("per_page=")]
    if unknown:
        detail = f"{', '.join(unknown)}: filter by level (100, 200, 300), service and helps; page and per_page divide."
        raise Problem(422, "No such filter", detail)


def _number(given: dict[str, str], name: str, default: int, most: int = 10_000) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= most):
        raise Problem(422, "No such page", f"{name} must be a number from 1 to {most}.")
    return int(text)


def _address(chosen: filters.Selection, page: int, per_page: int) -> str:
    query = chosen.query().removeprefix("?")
    rest = urlencode({"page": page, "per_page": per_page})
    return f"{settings.SITE_URL}/patterns.json?{query}{'&' if query else ''}{rest}"
