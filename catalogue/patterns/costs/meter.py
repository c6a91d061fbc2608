"""A meter's reading: what a run cost so far, what a month of it would cost, and what was not spent. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.costs.avoided import Avoided, avoided, month_avoided
from catalogue.patterns.costs.bill import Bill, BillLine, bill
from catalogue.patterns.costs.money import dollars, number
from catalogue.patterns.costs.prices import price_book
from catalogue.patterns.costs.projection import month
from catalogue.patterns.costs.usage import seconds
from catalogue.patterns.diagrams import css_places as places
from catalogue.patterns.runs.document import Run
from catalogue.patterns.services.known import services

DEFAULT_PER_MONTH = 1_000_000
MOST_PER_MONTH = 1_000_000_000
_DASH = "–"


@dataclass(frozen=True)
class MeterRow:
    """One thing that AWS charges for; a dash where a side has none of it."""

    key: str
    service: str
    """Its name: `AWS Lambda`."""
    what: str
    so_far: str
    month: str
    share: int
    """Of the month's amount, in per cent."""
    so_far_formula: str
    month_formula: str
    unit: str
    price: str
    source: str
    as_of: date

    @property
    def share_width(self) -> str:
        return places.width(self.share)


@dataclass(frozen=True)
class AvoidedRow:
    what: str
    count: str
    so_far: str
    month: str
    formula: str


@dataclass(frozen=True)
class Meter:
    run: Run
    bill: Bill
    month: Bill
    avoided: Avoided
    avoided_month: Avoided
    free_tier: bool

    @property
    def per_month(self) -> int:
        return self.month.requests

    @property
    def so_far(self) -> str:
        return dollars(self.bill.usd)

    @property
    def a_month(self) -> str:
        return dollars(self.month.usd)

    @property
    def avoided_usd(self) -> str:
        return dollars(self.avoided_month.usd)

    @property
    def requests_text(self) -> str:
        return f"{self.bill.requests:,}"

    @property
    def per_month_text(self) -> str:
        return f"{self.per_month:,}"

    @property
    def lasted(self) -> str:
        return seconds(self.run.ms)

    @property
    def rows(self) -> list[MeterRow]:
        return list(_rows(self.bill, self.month))

    @property
    def avoided_lines(self) -> list[AvoidedRow]:
        by_kind = {line.kind: line for line in self.avoided_month.lines}
        return [
            AvoidedRow(
                line.what,
                number(line.count),
                dollars(line.usd),
                dollars(by_kind[line.kind].usd) if line.kind in by_kind else _DASH,
                line.formula,
            )
            for line in self.avoided.lines
        ]

    @property
    def as_of(self) -> date:
        """The oldest date among the prices that this reading uses."""
        dates = [line.as_of for line in (*self.bill.lines, *self.month.lines)]
        return min(dates, default=max(known.as_of for known in price_book().prices.values()))

    def document(self) -> dict[str, Any]:
        """JSON: amounts as exact texts, in `currency` at the list prices of `region`."""
        book = price_book()
        return {
            "pattern": self.run.pattern,
            "variant": self.run.variant,
            "target": self.run.target,
            "region": book.region,
            "currency": book.currency,
            "seconds": round(self.run.ms / 1000, 3),
            "so_far": self.bill.document() | {"avoided": self.avoided.document()},
            "month": {"per_month": self.per_month, "free_tier": self.free_tier}
            | self.month.document()
            | {"avoided": self.avoided_month.document()},
        }


def read_meter(run: Run, template: Template, per_month: int, *, free_tier: bool) -> Meter:
    own = bill(run, template)
    not_spent = avoided(run, template)
    return Meter(
        run,
        own,
        month(own, None, per_month, free_tier),
        not_spent,
        month_avoided(not_spent, own.requests, per_month),
        free_tier,
    )


def _rows(own: Bill, a_month: Bill) -> Iterator[MeterRow]:
    """One for each price that either has a line for, what stands by the hour apart, in the order of the book."""
    found: dict[tuple[str, bool], dict[str, BillLine]] = {}
    for name, lines in (("so_far", own.lines), ("month", a_month.lines)):
        for line in lines:
            found.setdefault((line.key, line.standing), {})[name] = line
    order = list(price_book().prices)
    for (key, stands), sides in sorted(found.items(), key=lambda item: (order.index(item[0][0]), item[0][1])):
        one = next(iter(sides.values()))
        so_far, month_line = sides.get("so_far"), sides.get("month")
        share = month_line.usd / a_month.usd if month_line and a_month.usd else 0
        yield MeterRow(
            f"{key}{'-by-the-hour' if stands else ''}",
            services().by_key[one.service].name,
            one.what,
            dollars(so_far.usd) if so_far else _DASH,
            dollars(month_line.usd) if month_line else _DASH,
            round(share * 100),
            so_far.formula if so_far else "",
            month_line.formula if month_line else "",
            one.unit,
            f"${price_book().prices[key].usd}",
            one.source,
            one.as_of,
        )
