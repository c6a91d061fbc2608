"""The result as a table: a row for each figure, both sides as text, and which of them is the better one. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from catalogue.labs.demos.comparisons.results.result import Json
from catalogue.patterns.content.schemas.comparison import Comparison, Side

Unit = Literal["count", "ms", "usd"]

_ABOUT_THE_SAME = 0.1
"""Two durations that differ by less than this part of the longer one are told as equal: they would swap next time."""


@dataclass(frozen=True)
class ComparisonRow:
    id: str
    label: str
    why: str
    unit: Unit
    pattern: float | None
    naive: float | None
    better: Side | None
    """Of two different numbers the one to wish for; None where neither is, or no one can tell."""
    own: bool
    """From compare.yaml, and so about what this pattern is for."""

    @property
    def pattern_text(self) -> str:
        return shown(self.pattern, self.unit)

    @property
    def naive_text(self) -> str:
        return shown(self.naive, self.unit)


@dataclass(frozen=True)
class _Standard:
    label: str
    why: str
    unit: Unit = "count"
    better: Literal["less", "more"] | None = None


_SIDES: dict[Side, str] = {"pattern": "the pattern", "naive": "the twin"}

_STANDARD = {
    "requests": _Standard("Requests", "Responses from the endpoint."),
    "invocations": _Standard(
        "Invocations", "Executions of all functions, counted in their logs until the last one ended.", better="less"
    ),
    "errors": _Standard("Invocations that failed", "Executions that raised an error or timed out.", better="less"),
    "refused": _Standard("Answers of 400 to 499", "The request was rejected as invalid."),
    "failed": _Standard(
        "Answers of 500 and above",
        "The caller sent a valid request and got no result. The work may still have been done.",
        better="less",
    ),
    "p50_ms": _Standard("Latency, p50", "Half of the responses below 500 arrived within this time.", "ms", "less"),
    "p95_ms": _Standard("Latency, p95", "95 % of them arrived within this time, including cold starts.", "ms", "less"),
    "billed_ms": _Standard(
        "Billed function time", "The total of all invocations, as their logs report it.", "ms", "less"
    ),
    "usd_per_million": _Standard(
        "Cost per month for a million such requests",
        "The usage of this traffic, scaled up, at list prices and without the free tier.",
        "usd",
        "less",
    ),
    "usd_per_million_succeeded": _Standard(
        "A million successful outcomes",
        "The same cost, divided by what came of it, so that a side does not look cheap because it did less.",
        "usd",
        "less",
    ),
}


def rows(comparison: Comparison, result: Json) -> list[ComparisonRow]:
    """What this pattern is about first, then the figures that every comparison has."""
    return [*_own(comparison, result), *_standard(comparison, result)]


def _own(comparison: Comparison, result: Json) -> Iterator[ComparisonRow]:
    for figure in comparison.figures:
        pattern, naive = _values(result, figure.id)
        better = better_of(pattern, naive, figure.better, "count")
        yield ComparisonRow(figure.id, figure.label, figure.why, "count", pattern, naive, better, own=True)


def _standard(comparison: Comparison, result: Json) -> Iterator[ComparisonRow]:
    for id, standard in _STANDARD.items():
        pattern, naive = _values(result, id)
        if pattern is None and naive is None:
            continue
        better = better_of(pattern, naive, standard.better, standard.unit)
        why = standard.why + _besides(comparison, id)
        yield ComparisonRow(id, standard.label, why, standard.unit, pattern, naive, better, own=False)


def _besides(comparison: Comparison, id: str) -> str:
    """What this comparison adds to the reason of a figure that every comparison has."""
    if id == "requests":
        return f" {who_got_what(comparison)}"
    return f" {what_succeeded(comparison)}" if id == "usd_per_million_succeeded" else ""


def what_succeeded(comparison: Comparison) -> str:
    """`Counted as successful: Orders packed.`"""
    labels = {figure.id: figure.label for figure in comparison.figures}
    if comparison.success is None:
        return "Counted as successful: answers below 400."
    less = comparison.success.less
    return f"Counted as successful: {labels[comparison.success.figure]}{f', less {labels[less]}' if less else ''}."


def who_got_what(comparison: Comparison) -> str:
    """`Both got the same traffic.`, and what only one of them got."""
    besides = [
        f"{_SIDES[part.only]} got “{part.title}” ({part.request.times})"
        for part in comparison.traffic
        if part.request is not None and part.only is not None
    ]
    same = "Both got the same traffic"
    return f"{same}. In addition, {' and '.join(besides)}." if besides else f"{same}."


def _values(result: Json, id: str) -> tuple[float | None, float | None]:
    """A result of an earlier version of the content may lack a figure."""
    sides = result["sides"]
    return sides["pattern"]["figures"].get(id), sides["naive"]["figures"].get(id)


def avoided(table: Sequence[ComparisonRow]) -> str:
    """What one of the two did not need for the same traffic, in a sentence; empty where there is nothing to tell."""
    by_id = {row.id: row for row in table}
    said = [
        f"{shown(abs(row.pattern - row.naive), row.unit)} {what}"
        for id, what in (("invocations", "invocations"), ("billed_ms", "of function time"))
        if (row := by_id.get(id)) and row.better == "pattern" and row.pattern is not None and row.naive is not None
    ]
    return f"For the same traffic, the pattern avoided {' and '.join(said)}." if said else ""


def better_of(
    pattern: float | None, naive: float | None, wished: Literal["less", "more"] | None, unit: Unit
) -> Side | None:
    if wished is None or pattern is None or naive is None or pattern == naive:
        return None
    if unit == "ms" and abs(pattern - naive) < _ABOUT_THE_SAME * max(pattern, naive):
        return None
    return "pattern" if (pattern < naive) == (wished == "less") else "naive"


def shown(value: float | None, unit: Unit) -> str:
    """`1,234`, `12.3 ms`, `4.2 s`, `$0.43`; a dash for what could not be counted."""
    if value is None:
        return "–"
    if unit == "usd":
        return f"${value:,.2f}"
    if unit == "count":
        return f"{value:,.0f}"
    if value >= 1000:
        return f"{value / 1000:,.1f}\N{NO-BREAK SPACE}s"
    return f"{value:.{0 if value >= 100 else 1}f}\N{NO-BREAK SPACE}ms"
