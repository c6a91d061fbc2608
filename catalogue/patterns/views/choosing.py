"""The ways to find a pattern without knowing its name: a guide that asks, a comparison, a map."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from catalogue.patterns.content.cards import Card
from catalogue.patterns.content.library import library
from catalogue.patterns.diagrams import relations_map
from catalogue.patterns.search import guide as guides
from catalogue.patterns.search.side_by_side import MOST, columns, relations
from catalogue.patterns.views.sharing import shared_page
from catalogue.web.errors import read_only

_LONGEST_NAME = 80


@dataclass(frozen=True)
class Related:
    """A relation of a pattern in words, for the list beside the map."""

    relation: str
    pattern: Card
    how: str
    """In Markdown."""


@read_only
def guide(request: HttpRequest) -> HttpResponseBase:
    cards = list(library().by_slug.values())
    return shared_page(request, "patterns/finding/guide.html", {"guide": guides.guide(cards)})


@read_only
def pattern_map(request: HttpRequest) -> HttpResponseBase:
    cards = library().by_slug
    context = {
        "map": relations_map.render_map(list(cards.values())),
        "listed": [(card, _related(card)) for card in cards.values()],
    }
    return shared_page(request, "patterns/finding/map.html", context)


def _related(card: Card) -> list[Related]:
    cards = library().by_slug
    return [Related(one.relation, cards[one.pattern], one.how) for one in card.front.related if one.pattern in cards]


@read_only
def compare(request: HttpRequest) -> HttpResponseBase:
    """`?pattern=a&pattern=b`: at most MOST, each once; what is unknown or too much is named on the page."""
    asked = list(dict.fromkeys(name for name in request.GET.getlist("pattern") if name))
    known = [name for name in asked if name in library().by_slug]
    chosen = [pattern for name in known[:MOST] if (pattern := library().published(name)) is not None]
    context = {
        "columns": columns(chosen),
        "relations": relations(chosen),
        "chosen": {pattern.slug for pattern in chosen},
        "unknown": [name[:_LONGEST_NAME] for name in asked if name not in known][:MOST],
        "left_out": [library().by_slug[name] for name in known[MOST:]][:MOST],
        "cards": list(library().by_slug.values()),
        "most": MOST,
    }
    return shared_page(request, "patterns/finding/compare.html", context)
