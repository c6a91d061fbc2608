"""What a side's traffic cost, and would cost in a month. Pure.

Both sides are calculated by the same number of requests: those that both were sent. A side that needs more of them for
the same work (to ask how far it has come) pays for them within these.
"""

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.comparison import Comparison
from catalogue.patterns.costs.bill import Bill, bill, text
from catalogue.patterns.costs.projection import month
from catalogue.patterns.runs.document import Run

A_MILLION = 1_000_000


def shared_requests(comparison: Comparison) -> int:
    """How many requests of the traffic both sides get.

    Where none is for both, those that the twin gets: the pattern does the same work with requests of another kind.
    """
    sent = [(part.only, part.request.times) for part in comparison.traffic if part.request is not None]
    shared = sum(times for only, times in sent if only is None)
    return shared or sum(times for only, times in sent if only == "naive")


def bill_of(run: Run, pattern: Pattern) -> Bill:
    """What the run itself cost at list prices."""
    template = pattern.naive if run.variant == "naive" else pattern.template
    assert template is not None
    return bill(run, template)


def month_of(run: Run, pattern: Pattern, comparison: Comparison, per_month: int, *, free_tier: bool) -> Bill:
    """A month of such traffic with `per_month` requests that both sides get."""
    return month(bill_of(run, pattern), shared_requests(comparison), per_month, free_tier)


def cost_document(run: Run, pattern: Pattern, comparison: Comparison) -> dict[str, str | float] | None:
    """`{"usd", "usd_per_million"}`: the run itself, exact, and a month of a million. None where nothing was counted."""
    known = bill_of(run, pattern)
    if not known.lines:
        return None
    month = month_of(run, pattern, comparison, A_MILLION, free_tier=False)
    return {"usd": text(known.usd), "usd_per_million": round(float(month.usd), 4)}


def per_million_succeeded(usd_per_million: float, comparison: Comparison, succeeded: float) -> float | None:
    """What a million wanted outcomes cost, in US dollars as a million requests. None if nothing succeeded."""
    return round(usd_per_million * shared_requests(comparison) / succeeded, 4) if succeeded > 0 else None
