"""The run's cost receipt: the bill's lines as they are read, and the sum."""

from __future__ import annotations

from dataclasses import dataclass

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.costs.bill import Bill, BillLine, bill
from catalogue.patterns.costs.money import dollars, number
from catalogue.patterns.diagrams.glyphs import short_name
from catalogue.patterns.runs.document import Run
from catalogue.patterns.services.known import services


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
            f"{_service(line.service)}: {line.what}",
            _quantity(line),
            dollars(line.usd),
            line.formula,
            line.parts,
            line.source,
            line.as_of.isoformat(),
        )
        for line in found.lines
    )
    return Receipt(lines, dollars(found.usd), found.notes, found.unpriced)


def _service(key: str) -> str:
    known = services().by_key.get(key)
    return short_name(known.name) if known else key


def _quantity(line: BillLine) -> str:
    """With what is counted, which the price book names in the plural: `50 requests`, `1 request`."""
    one = line.quantity == 1 and line.counted.endswith("s")
    return f"{number(line.quantity)} {line.counted[:-1] if one else line.counted}"
