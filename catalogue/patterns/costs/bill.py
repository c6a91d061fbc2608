"""The bill of a run: what it used, priced by prices.yaml, each line with its formula, source and date. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from catalogue.base.target_names import EMBEDDED
from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.costs.money import dollars, number
from catalogue.patterns.costs.prices import Price, price
from catalogue.patterns.costs.standing import Standing, standing
from catalogue.patterns.costs.usage import Quantity, Usage, usage
from catalogue.patterns.runs.document import Run

EMULATED = "Durations are the emulator's, on this site's machine. On AWS the same code takes a different time."
LEFT_OUT = "Not included: storage, and data transfer to the internet."
CLOUDWATCH = "Based on what CloudWatch has reported so far. Its figures arrive minutes late."


@dataclass(frozen=True)
class BillLine:
    key: str
    """Of prices.yaml."""
    service: str
    """Key of a service."""
    what: str
    """What AWS charges for: `Requests to a standard queue, by 64 KB`."""
    quantity: Decimal
    """In `counted`, before anything free."""
    counted: str
    """`requests`."""
    unit: str
    """What the price buys: `1 million requests`."""
    usd: Decimal
    formula: str
    """In words and numbers, from what was counted to the amount."""
    source: str
    as_of: date
    parts: tuple[str, ...] = ()
    """What was counted: `SendMessage on OrderQueue: 50`."""
    standing: bool = False
    """It costs by the hour, whether used or not."""
    free: Decimal = Decimal(0)
    """How much of the quantity an allowance covered."""


@dataclass(frozen=True)
class Bill:
    lines: tuple[BillLine, ...]
    """In the order of the price book."""
    usd: Decimal
    requests: int
    """Calls of the visitor that it is for."""
    notes: tuple[str, ...] = ()
    unpriced: tuple[str, ...] = ()
    """What was counted and has no price in the book."""
    standing: tuple[Standing, ...] = ()
    """What the stack costs by the hour: `projection.month` calculates it for a month."""

    def of(self, key: str) -> Decimal:
        """The amount under a price key."""
        return total(line for line in self.lines if line.key == key)

    def document(self) -> dict[str, Any]:
        """JSON; amounts and quantities are texts, exact to the last digit."""
        return {
            "usd": text(self.usd),
            "requests": self.requests,
            "lines": [_line_document(line) for line in self.lines],
            "notes": list(self.notes),
            "unpriced": list(self.unpriced),
        }


def bill(run: Run, template: Template) -> Bill:
    """What the run cost at list prices, without anything free."""
    used: Usage = usage(run, template)
    lines = tuple(_line(quantity) for quantity in used.quantities)
    return Bill(
        lines,
        total(lines),
        used.requests,
        notes(run),
        used.unpriced,
        standing(template),
    )


def notes(run: Run) -> tuple[str, ...]:
    """What a reader of the figures must know."""
    return ((EMULATED if run.target == EMBEDDED else CLOUDWATCH), LEFT_OUT)


def total(lines: Iterable[BillLine]) -> Decimal:
    return sum((line.usd for line in lines), Decimal(0))


def amount(quantity: Decimal, known: Price) -> Decimal:
    return quantity * known.usd / known.per


def text(value: Decimal) -> str:
    """A plain decimal, never in scientific notation."""
    plain = f"{value:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def times_price(quantity: Decimal, known: Price) -> str:
    """`3 × $0.40 ÷ 1,000,000`."""
    divided = f" ÷ {known.per:,}" if known.per != 1 else ""
    return f"{number(quantity)} × ${known.usd}{divided}"


def _line(quantity: Quantity) -> BillLine:
    known = price(quantity.key)
    usd = amount(quantity.quantity, known)
    parts = tuple(
        f"{part.what}: {number(part.quantity)}{f' ({part.how})' if part.how else ''}" for part in quantity.parts
    )
    counted = f"{number(quantity.quantity)} {known.counted}"
    formula = f"{' + '.join(parts)} = {counted}. {times_price(quantity.quantity, known)} = {dollars(usd)}"
    return BillLine(
        quantity.key,
        known.service,
        known.charged_for,
        quantity.quantity,
        known.counted,
        known.unit,
        usd,
        formula,
        known.source,
        known.as_of,
        parts,
        quantity.standing,
    )


def _line_document(line: BillLine) -> dict[str, Any]:
    return {
        "price": line.key,
        "service": line.service,
        "what": line.what,
        "quantity": text(line.quantity),
        "counted": line.counted,
        "free": text(line.free),
        "unit": line.unit,
        "usd": text(line.usd),
        "formula": line.formula,
        "parts": list(line.parts),
        "standing": line.standing,
        "source": line.source,
        "as_of": line.as_of.isoformat(),
    }
