"""How amounts are written: fractions of a cent are what a run costs, and no digit of them is noise."""

from decimal import ROUND_HALF_EVEN, Decimal

_SIGNIFICANT = 3


def dollars(usd: Decimal) -> str:
    """`$1,234.57`, `$0.42`, `$0.0000012`: cents from ten cents on, below that three significant figures."""
    if usd == 0:
        return "$0"
    if usd >= Decimal("0.1"):
        return f"${usd.quantize(Decimal('0.01'), ROUND_HALF_EVEN):,}"
    return f"${number(usd)}"


def number(value: Decimal) -> str:
    """A quantity for reading: whole numbers whole, others with three significant figures at least."""
    if value == value.to_integral_value():
        return f"{value:,.0f}"
    if value >= 1000:
        return f"{value:,.0f}"
    places = max(0, _SIGNIFICANT - 1 - value.adjusted())
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
