"""The filters of the pattern list as values: what is chosen, what it leaves, where each choice leads.

A query string names levels, services and aims, each any number of times: `?level=100&service=sqs&helps=cost`.
A pattern has one level, so levels are alternatives; of services and aims all chosen must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, get_args
from urllib.parse import urlencode

from catalogue.patterns.content.cards import Listed
from catalogue.patterns.content.schemas.pattern import Help
from catalogue.patterns.diagrams.glyphs import short_name

type Dimension = Literal["level", "service", "helps"]
LEVELS = ("100", "200", "300")


class Query(Protocol):
    """What `HttpRequest.GET` offers."""

    def getlist(self, key: str, /) -> list[str]: ...

    def lists(self) -> Iterable[tuple[str, list[str]]]: ...


@dataclass(frozen=True)
class Selection:
    level: frozenset[str] = frozenset()
    service: frozenset[str] = frozenset()
    helps: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.level or self.service or self.helps)

    def values(self, dimension: Dimension) -> frozenset[str]:
        chosen: frozenset[str] = getattr(self, dimension)
        return chosen

    def toggled(self, dimension: Dimension, value: str) -> Selection:
        return replace(self, **{dimension: self.values(dimension) ^ {value}})

    def query(self, page: int = 1) -> str:
        """The query string with its `?`, the same for the same selection; empty for none and the first page."""
        pairs = [
            (dimension, value)
            for dimension in ("level", "service", "helps")
            for value in sorted(self.values(dimension))
        ]
        if page > 1:
            pairs.append(("page", str(page)))
        return f"?{urlencode(pairs)}" if pairs else ""


@dataclass(frozen=True)
class Choice:
    """One filter as the page shows it."""

    dimension: Dimension
    value: str
    name: str
    glyph: str
    chosen: bool
    count: int
    """How many patterns remain once it is chosen; for one that is chosen, how many there are now."""
    query: str
    """Where it leads: with it if it is not chosen, without it if it is."""


def selection(query: Query, patterns: Sequence[Listed]) -> Selection:
    """What a query string chooses; values that no pattern or schema has are left out (`not_applied`)."""
    services = {service.key for pattern in patterns for service in pattern.services}
    return Selection(
        level=frozenset(query.getlist("level")) & frozenset(LEVELS),
        service=frozenset(query.getlist("service")) & services,
        helps=frozenset(query.getlist("helps")) & frozenset(get_args(Help)),
    )


def not_applied(query: Query, chosen: Selection) -> list[str]:
    """The parts of a query string that choose nothing, as `name=value`, at most five: the page says so.

    Names that mail programs and search engines add for themselves are not the reader's.
    """
    parts = [
        f"{name}={value}"[:_LONGEST_PART]
        for name, values in query.lists()
        for value in values
        if name != "page" and not name.startswith(_TRACKING) and value not in _chosen(chosen, name)
    ]
    return parts[:_MOST_PARTS]


def _chosen(chosen: Selection, name: str) -> frozenset[str]:
    found: frozenset[str] = getattr(chosen, name, frozenset()) if name in ("level", "service", "helps") else frozenset()
    return found


_TRACKING = ("utm_", "fbclid", "gclid", "mc_")
_MOST_PARTS = 5
_LONGEST_PART = 40


def matches(pattern: Listed, chosen: Selection) -> bool:
    return (
        (not chosen.level or str(pattern.level) in chosen.level)
        and chosen.service <= {service.key for service in pattern.services}
        and chosen.helps <= set(pattern.front.helps_with)
    )


def apply[P: Listed](patterns: Iterable[P], chosen: Selection) -> list[P]:
    return [pattern for pattern in patterns if matches(pattern, chosen)]


def choices(patterns: Sequence[Listed], chosen: Selection) -> dict[Dimension, list[Choice]]:
    """Every choice by dimension: levels ascending, the commonest services first, aims in their own order."""
    now = len(apply(patterns, chosen))

    def choice(dimension: Dimension, value: str, name: str, glyph: str = "") -> Choice:
        is_chosen = value in chosen.values(dimension)
        onward = chosen.toggled(dimension, value)
        count = now if is_chosen else len(apply(patterns, _narrowed(chosen, dimension, value)))
        return Choice(dimension, value, name, glyph, is_chosen, count, onward.query())

    services = {service.key: service for pattern in patterns for service in pattern.services}
    return {
        "level": [choice("level", level, level) for level in LEVELS],
        "service": [
            choice("service", key, short_name(services[key].name), services[key].glyph)
            for key in sorted(services, key=_commonest(patterns))
        ],
        "helps": [choice("helps", aim, aim.capitalize()) for aim in get_args(Help)],
    }


def _narrowed(chosen: Selection, dimension: Dimension, value: str) -> Selection:
    """The selection that tells how many patterns a choice brings: an alternative level counts for itself."""
    if dimension == "level":
        return replace(chosen, level=frozenset({value}))
    return chosen.toggled(dimension, value)


def _commonest(patterns: Sequence[Listed]) -> Callable[[str], tuple[int, str]]:
    uses: dict[str, int] = {}
    for pattern in patterns:
        for service in pattern.services:
            uses[service.key] = uses.get(service.key, 0) + 1
    return lambda key: (-uses[key], key)
