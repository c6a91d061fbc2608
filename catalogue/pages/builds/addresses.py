"""Every address whose answer is the same for all visitors, and the hash of all that the answer is made from."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.urls import reverse

from catalogue.base import fingerprint
from catalogue.patterns.content.cards import Card
from catalogue.patterns.documents.author_schemas import FILES


@dataclass(frozen=True)
class Address:
    path: str
    query: str
    """The query string that leads here, exactly; empty for none."""
    reads: frozenset[str]
    """Parameters that the view reads: a request that has one of them asks for something else."""
    pattern: str
    """Slug of the pattern that it belongs to; empty for one of the whole catalogue."""
    key: str
    """SHA-256 of all that the answer depends on: the same key, the same bytes."""

    @property
    def url(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


_OF_ALL: Mapping[str, frozenset[str]] = {
    "home": frozenset(),
    "list": frozenset(("level", "service", "helps", "page")),
    "search": frozenset(("q",)),
    "guide": frozenset(),
    "map": frozenset(),
    "compare": frozenset(("pattern",)),
    "about": frozenset(),
    "fidelity": frozenset(("page",)),
    "patterns_json": frozenset(("level", "service", "helps", "page", "per_page")),
    "openapi": frozenset(),
    "feed": frozenset(),
    "sitemap": frozenset(),
    "robots": frozenset(),
    "llms": frozenset(),
}
"""Names of the addresses of the whole catalogue, each with the parameters that its view reads."""
_WITH_OTHERS = ("detail", "markdown", "pattern_json", "project")
"""Of one pattern, and telling of its neighbors or relations too."""
_ALONE = ("diagram", "diagram_png", "diagram_mermaid", "diagram_drawio", "block", "share")


def addresses(published: Mapping[str, Card]) -> Iterator[Address]:
    """All of them, those of the whole catalogue first. `published` is `Library.by_slug`."""
    cards = list(published.values())
    everything = _hash("everything", *(f"{card.outline} {card.content_hash} {card.recording_hash}" for card in cards))
    for name, reads in _OF_ALL.items():
        yield _address(reverse(f"patterns:{name}"), everything, reads=reads)
    for path in (reverse("patterns:schemas"), *(reverse("patterns:schema", args=[name]) for name in FILES)):
        yield _address(path, "")  # they depend on the code alone
    for place, card in enumerate(cards):
        yield from of_pattern(card, _company(place, cards, published))


def of_pattern(card: Card, related: Iterable[Card]) -> Iterator[Address]:
    """The addresses of one pattern; `related` are the patterns that some of them show."""
    alone = _hash("alone", card.content_hash, card.recording_hash)
    with_others = _hash("related", alone, *(other.outline for other in related))

    def at(name: str, *more: str, query: str = "", reads: Iterable[str] = (), depends: str = alone) -> Address:
        path = _route(name, more).replace(_ANY, card.slug, 1)
        return _address(path, depends, query=query, reads=frozenset(reads), pattern=card.slug)

    for name in _WITH_OTHERS:
        yield at(name, depends=with_others)
    for name in _ALONE:
        yield at(name)
    if card.ledger is not None:
        yield at("ledger")
        yield at("ledger_json")
    if card.recorded:
        yield at("recorded", reads=("part",))
        yield at("recorded", query="part=views", reads=("part",))
        yield at("recorded_json")
        yield at("recorded_otlp")
    for file in card.files:
        yield at("source", file)
        yield at("raw", file)


_ANY = "of-any-pattern"


@lru_cache(maxsize=4096)
def _route(name: str, more: tuple[str, ...]) -> str:
    """An address with `_ANY` in the slug's place: a thousand patterns have thirty thousand, most of the same few."""
    return reverse(f"patterns:{name}", args=[_ANY, *more])


def _company(place: int, cards: list[Card], published: Mapping[str, Card]) -> Iterator[Card]:
    card = cards[place]
    if place:
        yield cards[place - 1]
    yield from cards[place + 1 : place + 2]
    for related in card.front.related:
        if related.pattern in published:
            yield published[related.pattern]


def _address(
    path: str, depends: str, *, query: str = "", reads: frozenset[str] = frozenset(), pattern: str = ""
) -> Address:
    return Address(path, query, reads, pattern, _hash(fingerprint.site(), depends, path, query))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
