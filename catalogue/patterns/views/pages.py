"""The pages that people read. Each view finds what it shows and hands it to its template."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from catalogue.patterns.content.cards import Card
from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern, SourceFile
from catalogue.patterns.documents import metadata
from catalogue.patterns.documents.prose.render import highlight, render_body
from catalogue.patterns.runs.loop import loop_of
from catalogue.patterns.search import filters
from catalogue.patterns.search.query import Found, look_for
from catalogue.patterns.views.finding import found_pattern, of_pattern
from catalogue.patterns.views.sharing import shared, shared_page
from catalogue.web.context import absolute
from catalogue.web.errors import Problem, read_only

LEVELS = {
    100: "One idea and one or two services. The other patterns build on these.",
    200: "Several services with a buffer between them, so that one can be slow or fail without the other.",
    300: "State, time and repetition: late answers and duplicate messages.",
}
LONGEST_QUERY = 200
MOST_AT_HOME = 12
"""Patterns of each level on the home page."""
PATTERNS_A_PAGE = 60


@dataclass(frozen=True)
class Level:
    number: int
    what: str
    patterns: list[Card]
    more: int
    """How many of this level stand in the list only."""


@read_only
def home(request: HttpRequest) -> HttpResponseBase:
    cards = list(library().by_slug.values())
    levels = [_level(number, list(group)) for number, group in groupby(cards, key=lambda card: card.level)]
    featured = _featured(cards)
    loop = loop_of(featured) if featured else None
    context = {"levels": levels, "count": len(cards), "featured": featured, "loop": loop}
    return shared_page(request, "patterns/home.html", context)


def _level(number: int, cards: list[Card]) -> Level:
    return Level(number, LEVELS[number], cards[:MOST_AT_HOME], len(cards[MOST_AT_HOME:]))


def _featured(cards: list[Card]) -> Pattern | None:
    """The one that shows most at a glance: it runs, has both kinds of arrow, and few boxes."""

    def rank(card: Card) -> tuple[bool, bool, int]:
        return not card.runnable, len(card.kinds) < 2, card.boxes

    best = min(cards, key=rank, default=None)
    return None if best is None else library().published(best.slug)


@read_only
def pattern_list(request: HttpRequest) -> HttpResponseBase:
    cards = list(library().by_slug.values())
    chosen = filters.selection(request.GET, cards)
    page = Paginator(filters.apply(cards, chosen), PATTERNS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "selection": chosen,
        "not_applied": filters.not_applied(request.GET, chosen),
        "choices": filters.choices(cards, chosen),
        "page": page,
        "earlier": chosen.query(page.previous_page_number()) if page.has_previous() else "",
        "later": chosen.query(page.next_page_number()) if page.has_next() else "",
        "total": len(cards),
    }
    return shared_page(request, "patterns/finding/list.html", context)


@of_pattern
def detail(request: HttpRequest, slug: str) -> HttpResponseBase:
    pattern = found_pattern(slug)
    cards = list(library().by_slug.values())
    place = [card.slug for card in cards].index(slug)
    context = {
        "pattern": pattern,
        "report_subject": f"{pattern.title}, revision {pattern.front.revision}: {absolute(pattern.url)}",
        "sections": render_body(pattern).sections,
        "article": metadata.article(pattern, settings.SITE_NAME),
        "previous": cards[place - 1] if place else None,
        "next": cards[place + 1] if place + 1 < len(cards) else None,
    }
    return shared_page(request, "patterns/detail.html", context)


@of_pattern
def source(request: HttpRequest, slug: str, path: str) -> HttpResponseBase:
    """One file, highlighted. The path is looked up, never opened."""
    pattern = found_pattern(slug)
    file = _file(pattern, path)
    context = {
        "pattern": pattern,
        "file": file,
        "files": _with_addresses(pattern.slug, pattern.files),
        "highlighted": highlight(file.text, file.language, label=file.path),
    }
    return shared_page(request, "patterns/source.html", context)


@of_pattern
def raw(request: HttpRequest, slug: str, path: str) -> HttpResponseBase:
    """One file as it is."""
    return shared(request, _file(found_pattern(slug), path).text, "text/plain; charset=utf-8")


@read_only
def search(request: HttpRequest) -> HttpResponseBase:
    query = " ".join(request.GET.get("q", "")[:LONGEST_QUERY].replace("\0", " ").split())
    found = look_for(query) if query else Found([])
    context = {"query": query, "results": found.results, "instead": found.instead}
    return shared_page(request, "patterns/finding/search.html", context)


@read_only
def about(request: HttpRequest) -> HttpResponseBase:
    return shared_page(request, "patterns/about.html", {"count": len(library().by_slug)})


@lru_cache(maxsize=8)
def _with_addresses(slug: str, files: tuple[SourceFile, ...]) -> list[tuple[str, SourceFile]]:
    """Kept a while: each file's page lists all files of its pattern."""
    return [(reverse("patterns:source", args=[slug, file.path]), file) for file in files]


def _file(pattern: Pattern, path: str) -> SourceFile:
    try:
        return pattern.file(path)
    except KeyError:
        raise Problem(404, "No such file", f"The pattern {pattern.title} has no file with this name.") from None
