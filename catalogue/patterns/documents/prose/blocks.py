"""What the directives of pattern.md stand for, as data that the page and the Markdown version write down."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.costs.prices import price, price_book
from catalogue.patterns.services.known import services


@dataclass(frozen=True)
class Cost:
    service: str
    """Name of the service."""
    charged_for: str
    usd: Decimal
    unit: str
    """How many of it the price buys: `1 million requests`."""
    free: str
    """The monthly allowance that does not end, or empty."""
    source: str
    as_of: date

    @property
    def price(self) -> str:
        """`$0.20 per 1 million requests`."""
        return f"${self.usd:f} per {self.unit}"


@dataclass(frozen=True)
class Relation:
    slug: str
    title: str
    url: str
    relation: str
    how: str


def region() -> str:
    return price_book().region


def costs(pattern: Pattern) -> tuple[Cost, ...]:
    """The rows of the cost profile in the front matter's order; unknown keys are left to the checks."""
    known = [price(key) for key in pattern.front.prices if key in price_book().prices]
    return tuple(
        Cost(
            service=service.name if (service := services().by_key.get(entry.service)) else entry.service,
            charged_for=entry.charged_for,
            usd=entry.usd,
            unit=entry.unit,
            free=entry.free_tier or "",
            source=entry.source,
            as_of=entry.as_of,
        )
        for entry in known
    )


def relations(pattern: Pattern) -> tuple[Relation, ...]:
    """The related patterns that readers can open, in the front matter's order."""
    return tuple(_relations(pattern))


def _relations(pattern: Pattern) -> Iterator[Relation]:
    published = library().by_slug
    for related in pattern.front.related:
        if related.pattern in published:
            other = published[related.pattern]
            yield Relation(other.slug, other.title, other.url, related.relation, related.how)


def in_words(day: date) -> str:
    """`23 November 2026`."""
    return f"{day.day} {day:%B %Y}"
