"""Both sides' month at a rate that the visitor chooses, line by line beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalogue.labs.demos.comparisons.results.cost import month_of
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.comparison import Side
from catalogue.patterns.costs.avoided import AvoidedLine, against_twin
from catalogue.patterns.costs.bill import Bill, BillLine
from catalogue.patterns.costs.money import dollars
from catalogue.patterns.runs.document import Run
from catalogue.patterns.services.known import services

RATES = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
DEFAULT_RATE = 1_000_000
MOST_PER_MONTH = 1_000_000_000


@dataclass(frozen=True)
class Line:
    what: str
    pattern: str
    naive: str
    formulas: tuple[tuple[Side, str], ...]
    source: str
    as_of: str


@dataclass(frozen=True)
class Months:
    per_month: int
    free_tier: bool
    lines: Sequence[Line]
    pattern: str
    naive: str
    difference: str
    """In a sentence: who pays less, and how much."""
    notes: Sequence[str]
    avoided: AvoidedLine | None
    """The invocations that the pattern avoided in this month, at list prices; None where the twin made no more."""

    @property
    def avoided_in_words(self) -> str:
        """`23,256 invocations that the twin made and the pattern did not: $0.12 at list prices`."""
        line = self.avoided
        return f"{line.count:,.0f} {line.what}: {dollars(line.usd)} at list prices" if line else ""


def months(runs: Mapping[Side, Run], pattern: Pattern, per_month: int, *, free_tier: bool) -> Months | None:
    """None unless both sides' runs are there and anything was counted."""
    if pattern.compare is None or len(runs) < 2:
        return None
    comparison = pattern.compare
    bills = {side: month_of(run, pattern, comparison, per_month, free_tier=free_tier) for side, run in runs.items()}
    if not any(bill.lines for bill in bills.values()):
        return None
    one, other = bills["pattern"], bills["naive"]
    notes = tuple(dict.fromkeys([*one.notes, *other.notes]))
    return Months(
        per_month,
        free_tier,
        list(_lines(one, other)),
        dollars(one.usd),
        dollars(other.usd),
        _difference(one.usd, other.usd),
        notes,
        _avoided(runs, pattern, per_month),
    )


def _avoided(runs: Mapping[Side, Run], pattern: Pattern, per_month: int) -> AvoidedLine | None:
    assert pattern.compare is not None
    one, other = (
        month_of(runs[side], pattern, pattern.compare, per_month, free_tier=False) for side in ("pattern", "naive")
    )
    return against_twin(one, other)


def _lines(one: Bill, other: Bill) -> list[Line]:
    """One for each price that either side pays, in the order of the price book."""
    found: dict[tuple[str, bool], dict[Side, BillLine]] = {}
    for side, bill in (("pattern", one), ("naive", other)):
        for line in bill.lines:
            found.setdefault((line.key, line.standing), {})["pattern" if side == "pattern" else "naive"] = line
    return [_line(sides) for sides in found.values()]


def _line(sides: Mapping[Side, BillLine]) -> Line:
    any_line = next(iter(sides.values()))
    amounts = {side: dollars(sides[side].usd) if side in sides else "–" for side in ("pattern", "naive")}
    return Line(
        f"{services().by_key[any_line.service].name}: {any_line.what}{', by the hour' if any_line.standing else ''}",
        amounts["pattern"],
        amounts["naive"],
        tuple((side, line.formula) for side, line in sides.items()),
        any_line.source,
        any_line.as_of.isoformat(),
    )


def _difference(pattern: Decimal, naive: Decimal) -> str:
    if pattern == naive:
        return "Both cost the same."
    less, more = ("The pattern", naive - pattern) if pattern < naive else ("The twin", pattern - naive)
    return f"{less} costs {dollars(more)} a month less."
