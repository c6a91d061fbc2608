"""The decision guide: from what is wrong, by what a reader sees, to a pattern. The patterns' metadata leads there."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalogue.patterns.content.cards import Listed
from catalogue.patterns.content.schemas.pattern import Trouble

TROUBLES: dict[Trouble, tuple[str, str]] = {
    "waiting": ("Callers wait too long", "Answers come late, or only after the connection has ended."),
    "bursts": ("Traffic comes in bursts", "What is enough on average is too little at the peak."),
    "coupling": ("Things fail together", "One consumer or downstream that is slow or away takes others with it."),
    "repeats": (
        "Work is done twice or out of order",
        "Retries, duplicates and races have unwanted effects.",
    ),
    "failing": ("Messages fail", "Work ends in a dead-letter queue, or nowhere."),
    "unwanted": ("Bad traffic costs money", "Your code runs for requests that should never have reached it."),
    "upkeep": ("There is too much to run", "Servers, copies and code that do nothing of their own."),
}
"""Title and explanation of each first question, in the order of the page."""


@dataclass(frozen=True)
class Instead:
    """Another pattern that may fit better."""

    pattern: Listed
    how: str
    """What choosing it changes, in Markdown."""


@dataclass(frozen=True)
class Lead:
    """What a reader sees, and the pattern that helps."""

    seen: str
    pattern: Listed
    instead: tuple[Instead, ...]


@dataclass(frozen=True)
class Question:
    key: str
    title: str
    what: str
    leads: tuple[Lead, ...]


@dataclass(frozen=True)
class Guide:
    questions: tuple[Question, ...]
    """Those that lead to a pattern."""
    unasked: tuple[Listed, ...]
    """The patterns that no question leads to: their own question stands for them."""


def guide(patterns: Sequence[Listed]) -> Guide:
    """The guide over these patterns. Pure."""
    by_slug = {pattern.slug: pattern for pattern in patterns}

    def lead(seen: str, pattern: Listed) -> Lead:
        others = (
            Instead(by_slug[related.pattern], related.how)
            for related in pattern.front.related
            if related.relation == "alternative to" and related.pattern in by_slug
        )
        return Lead(seen, pattern, tuple(others))

    questions = [
        Question(
            key,
            title,
            what,
            tuple(lead(sign.seen, one) for one in patterns for sign in one.front.signs if sign.trouble == key),
        )
        for key, (title, what) in TROUBLES.items()
    ]
    unasked = tuple(pattern for pattern in patterns if not pattern.front.signs)
    return Guide(tuple(question for question in questions if question.leads), unasked)
