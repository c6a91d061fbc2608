"""The pages that people read. Each view finds what it shows and hands it to its template."""

from dataclasses import dataclass
from itertools import groupby

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from catalogue.errors import Problem, read_only
from catalogue.patterns import filters, metadata
from catalogue.patterns.cards import Card
from catalogue.patterns.content import Pattern, UnknownPattern
from catalogue.patterns.library import library
from catalogue.patterns.render import highlight, render_body
from catalogue.patterns.search import search as find

LEVELS = {
    100: "One idea and one or two services. Every other pattern stands on these.",
    200: "Several services with something between them, so that speed and failure come apart.",
    300: "State, time and repetition: answers that come late, messages that come twice.",
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
def home(request: HttpRequest) -> HttpResponse:
    cards = list(library().by_slug.values())
    levels = [_level(number, list(group)) for number, group in groupby(cards, key=lambda card: card.level)]
    context = {"levels": levels, "count": len(cards), "featured": _featured(cards)}
    return render(request, "patterns/home.html", context)


def _level(number: int, cards: list[Card]) -> Level:
    return Level(number, LEVELS[number], cards[:MOST_AT_HOME], len(cards[MOST_AT_HOME:]))


def _featured(cards: list[Card]) -> Pattern | None:
    """The one that shows most at a glance: it runs, has both kinds of arrow, and few boxes."""

    def rank(card: Card) -> tuple[bool, bool, int]:
        return not card.runnable, len(card.kinds) < 2, card.boxes

    best = min(cards, key=rank, default=None)
    return None if best is None else library().published(best.slug)


@read_only
def pattern_list(request: HttpRequest) -> HttpResponse:
    cards = list(library().by_slug.values())
    chosen = filters.selection(request.GET, cards)
    page = Paginator(filters.apply(cards, chosen), PATTERNS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "selection": chosen,
        "choices": filters.choices(cards, chosen),
        "page": page,
        "earlier": chosen.query(page.previous_page_number()) if page.has_previous() else "",
        "later": chosen.query(page.next_page_number()) if page.has_next() else "",
        "total": len(cards),
    }
    return render(request, "patterns/list.html", context)


@read_only
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    pattern = _pattern(slug)
    cards = list(library().by_slug.values())
    place = [card.slug for card in cards].index(slug)
    context = {
        "pattern": pattern,
        "sections": render_body(pattern).sections,
        "article": metadata.article(pattern, settings.SITE_NAME),
        "previous": cards[place - 1] if place else None,
        "next": cards[place + 1] if place + 1 < len(cards) else None,
    }
    return render(request, "patterns/detail.html", context)


@read_only
def source(request: HttpRequest, slug: str, path: str) -> HttpResponse:
    """One file, highlighted or with `?plain=1` as it is. The path is looked up, never opened."""
    pattern = _pattern(slug)
    try:
        file = pattern.file(path)
    except KeyError:
        raise Problem(404, "No such file", f"The pattern {pattern.title} has no file of this name.") from None
    if request.GET.get("plain") == "1":
        return HttpResponse(file.text, content_type="text/plain; charset=utf-8")
    context = {
        "pattern": pattern,
        "file": file,
        "highlighted": highlight(file.text, file.language, label=file.path),
    }
    return render(request, "patterns/source.html", context)


@read_only
def search(request: HttpRequest) -> HttpResponse:
    query = " ".join(request.GET.get("q", "")[:LONGEST_QUERY].replace("\0", " ").split())
    return render(request, "patterns/search.html", {"query": query, "results": find(query) if query else []})


@read_only
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "patterns/about.html", {"count": len(library().by_slug)})


def _pattern(slug: str) -> Pattern:
    try:
        return library().get(slug)
    except UnknownPattern:
        raise Problem(404, "No such pattern", f"The catalogue has no pattern called {slug[:80]}.") from None
