"""A month at a chosen rate, from what a run's requests cost on average. Pure.

What grows with the requests is multiplied; what stands by the hour (a cache, a secret, pollers of an empty queue) is
counted for a whole month. Allowances are taken off once for each pool, in the order of the lines.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from catalogue.patterns.costs.bill import Bill, BillLine, amount, times_price, total
from catalogue.patterns.costs.money import dollars, number
from catalogue.patterns.costs.prices import price, price_book
from catalogue.patterns.costs.standing import HOURS_A_MONTH, Standing
from catalogue.patterns.services.lambda_.pricing import KEY

NO_REQUESTS = "No requests were counted, so this month includes only hourly charges."
FIRST_TIER = "List prices of the first volume tier."
COLD = "A short run has more cold starts per request than a busy month, so their cost is overestimated here."
FREE = "Includes the monthly free tier of one AWS account, as if nothing else ran in it."


def month(bill: Bill, requests_in_run: int | None, per_month: int, free_tier: bool) -> Bill:
    """What `per_month` requests like those of the run cost in a month.

    `requests_in_run` is how many calls the bill is for; None takes the bill's own count. With none, only standing
    costs are left.
    """
    requests = bill.requests if requests_in_run is None else requests_in_run
    scaled = [_scaled(line, requests, per_month) for line in bill.lines if not line.standing] if requests else []
    hourly = [_stands(one) for one in bill.standing if one.key in price_book().prices]
    order = list(price_book().prices)
    lines = sorted([*scaled, *hourly], key=lambda line: (order.index(line.key), line.standing))
    if free_tier:
        lines = list(_less_allowances(lines))
    notes = [*bill.notes, FIRST_TIER]
    notes += [COLD] if any(line.service == KEY for line in scaled) else []
    notes += [FREE] if free_tier else []
    notes += dict.fromkeys(one.note for one in bill.standing if one.note)
    notes += [] if requests else [NO_REQUESTS]
    return replace(bill, lines=tuple(lines), usd=total(lines), requests=per_month, notes=tuple(notes))


def _scaled(line: BillLine, requests: int, per_month: int) -> BillLine:
    known = price(line.key)
    quantity = line.quantity * per_month / requests
    usd = amount(quantity, known)
    each = f"{number(line.quantity)} {line.counted} for {requests:,} {_plural(requests, 'request')}"
    many = f"{number(quantity)} for {per_month:,}"
    formula = f"{each}, so {many}. {times_price(quantity, known)} = {dollars(usd)}"
    return replace(line, quantity=quantity, usd=usd, formula=formula)


def _stands(one: Standing) -> BillLine:
    known = price(one.key)
    quantity = (one.per_hour * HOURS_A_MONTH).quantize(Decimal("0.000001")).normalize()
    usd = amount(quantity, known)
    return BillLine(
        one.key,
        known.service,
        one.line or known.charged_for,
        quantity,
        known.counted,
        known.unit,
        usd,
        f"{one.what}: {number(quantity)} {known.counted} in {HOURS_A_MONTH} hours. "
        f"{times_price(quantity, known)} = {dollars(usd)}",
        known.source,
        known.as_of,
        (one.what,),
        standing=True,
    )


def _less_allowances(lines: list[BillLine]) -> Iterator[BillLine]:
    left = {key: allowance.quantity for key, allowance in price_book().allowances.items()}
    for line in lines:
        known = price(line.key)
        if known.allowance is None:
            yield line
            continue
        free = min(line.quantity, left[known.allowance])
        left[known.allowance] -= free
        usd = amount(line.quantity - free, known)
        before, _, _ = line.formula.rpartition(". ")
        formula = (
            f"{before}. Free: {number(free)}. {times_price(line.quantity - free, known)} = {dollars(usd)}"
            if free
            else line.formula
        )
        yield replace(line, usd=usd, free=free, formula=formula)


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
