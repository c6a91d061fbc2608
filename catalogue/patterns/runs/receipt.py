"""The run's cost receipt: the bill's lines as they are read, and the sum."""

from __future__ import annotations

from dataclasses import dataclass

from catalogue.patterns.content import Pattern
from catalogue.patterns.costs.bill import Bill, bill
from catalogue.patterns.costs.money import dollars, number
from catalogue.patterns.runs.document import Run


@dataclass(frozen=True)
class ReceiptLine:
    what: str
    quantity: str
    """With what is counted: `50 requests`."""
    amount: str
    formula: str
    parts: tuple[str, ...]
    source: str
    as_of: str


@dataclass(frozen=True)
class Receipt:
    lines: tuple[ReceiptLine, ...]
    total: str
    notes: tuple[str, ...]
    unpriced: tuple[str, ...]


def receipt(run: Run, pattern: Pattern) -> Receipt | None:
    """At list prices, without anything free. None where nothing was counted."""
    template = pattern.naive if run.variant == "naive" and pattern.naive is not None else pattern.template
    found: Bill = bill(run, template)
    if not found.lines and not found.unpriced:
        return None
    lines = tuple(
        ReceiptLine(
            line.what,
            f"{number(line.quantity)} {line.counted}",
            dollars(line.usd),
            line.formula,
            line.parts,
            line.source,
            line.as_of.isoformat(),
        )
        for line in found.lines
    )
    return Receipt(lines, dollars(found.usd), found.notes, found.unpriced)
