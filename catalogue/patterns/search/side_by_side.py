"""Two or three patterns side by side: the same facts of each, in the same order."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalogue.patterns.content.cards import Listed
from catalogue.patterns.content.pattern import Pattern

MOST = 3


@dataclass(frozen=True)
class Column:
    pattern: Pattern
    arrows: str
    """How its parts talk to one another, in words."""
    faults: tuple[str, ...]
    """Titles of the levers: what a visitor can break."""
    differences: int | None
    """How many rows its ledger has; None without one."""


@dataclass(frozen=True)
class Relation:
    """What one of the patterns says of another of them."""

    pattern: Listed
    relation: str
    other: Listed
    how: str
    """In Markdown."""


def columns(patterns: Sequence[Pattern]) -> tuple[Column, ...]:
    return tuple(_column(pattern) for pattern in patterns)


def relations(patterns: Sequence[Pattern]) -> tuple[Relation, ...]:
    """All that these patterns say of one another, in their order."""
    by_slug = {pattern.slug: pattern for pattern in patterns}
    return tuple(
        Relation(pattern, related.relation, by_slug[related.pattern], related.how)
        for pattern in patterns
        for related in pattern.front.related
        if related.pattern in by_slug
    )


def _column(pattern: Pattern) -> Column:
    kinds = [edge.kind for edge in pattern.diagram.edges]
    waits, sends = kinds.count("sync"), kinds.count("async")
    said = []
    if waits:
        said.append(f"{waits} {'waits' if waits == 1 else 'wait'} for the answer")
    if sends:
        said.append("1 sends and continues" if sends == 1 else f"{sends} send and continue")
    demo = pattern.demo
    return Column(
        pattern,
        ", ".join(said),
        tuple(lever.title for lever in demo.levers) if demo else (),
        len(pattern.ledger.rows) if pattern.ledger else None,
    )
