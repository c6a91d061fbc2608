"""What was not spent: invocations that a pattern avoided, by its design or against its twin. Pure.

No one can know how long an invocation would have taken that never was. Where an invocation behind the gateway was
avoided, the function's own mean in this run stands for it; where there is no such function, only Lambda's charge for a
request is counted.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalogue.base.target_names import EMBEDDED
from catalogue.patterns.cloudformation.arrows.proofs import relations, routes
from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.costs.bill import Bill, amount, text, times_price
from catalogue.patterns.costs.money import dollars
from catalogue.patterns.costs.prices import price
from catalogue.patterns.runs.document import Invocation, Log, Request, Run
from catalogue.patterns.services.api_gateway.pricing import direct_methods, request_key
from catalogue.patterns.services.lambda_.pricing import KEY, REQUESTS, Work, duration_key, work_of
from catalogue.patterns.services.registry import registry

BY_MEAN = "Each avoided invocation is priced at the mean of the invocations in this run, at list prices."
BY_REQUEST = (
    "If the run has no invocation to compare with, only Lambda's charge per request is counted, which is the minimum."
)
_REFUSALS = (400, 413, 415)
_IDENTITY = (401, 403)


@dataclass(frozen=True)
class AvoidedLine:
    kind: str
    """An operation that some service `avoids`, or `twin` or `gateway`."""
    what: str
    count: Decimal
    usd: Decimal
    formula: str


@dataclass(frozen=True)
class Avoided:
    lines: tuple[AvoidedLine, ...]
    usd: Decimal
    note: str

    def document(self) -> dict[str, Any]:
        """JSON; amounts and counts are texts, exact to the last digit."""
        return {
            "usd": text(self.usd),
            "lines": [
                {"what": line.what, "count": text(line.count), "usd": text(line.usd), "formula": line.formula}
                for line in self.lines
            ],
            "note": self.note,
        }


def avoided(run: Run, template: Template) -> Avoided:
    """What the design avoided in this run, and what API Gateway does not charge for."""
    template = template.as_deployed
    counts = _counted(run) if run.target == EMBEDDED and run.uses else _derived(run, template)
    work = work_of(run)
    backend = _mean(work, behind_the_gateway(template) - authorizers(template), template)
    means: dict[str, tuple[Decimal, str] | None] = dict.fromkeys(("Refusal", "UnchargedRequest", "CacheHit"), backend)
    means["AuthorizerCacheHit"] = _mean(work, authorizers(template), template)
    lines = [
        _line(kind, what, counts[kind], *(means.get(kind) or _request_only()))
        for kind, what in registry().avoids.items()
        if counts.get(kind)
    ]
    by_mean = [means.get(line.kind) is not None for line in lines]
    notes = [note for note, holds in ((BY_MEAN, any(by_mean)), (BY_REQUEST, not all(by_mean))) if holds]
    if uncharged := counts.get("UnchargedRequest"):
        known = price(request_key(template, _api(template)))
        usd = amount(Decimal(uncharged), known)
        formula = f"{times_price(Decimal(uncharged), known)} = {dollars(usd)}"
        what = f"{'call' if uncharged == 1 else 'calls'} that API Gateway does not charge"
        lines.append(AvoidedLine("gateway", what, Decimal(uncharged), usd, formula))
    return Avoided(tuple(lines), _total(lines), " ".join(notes))


def against_twin(own: Bill, twin: Bill) -> AvoidedLine | None:
    """The invocations that the twin made more of, under the same traffic, at the twin's mean. None if it made none."""
    more = invocations(twin) - invocations(own)
    each = mean_invocation(twin)
    if more <= 0 or each is None:
        return None
    return _line("twin", "invocations that the twin made and the pattern did not", int(more), *each)


def month_avoided(in_run: Avoided, requests_in_run: int, per_month: int) -> Avoided:
    """The same for a month of such requests; nothing if the run had no request."""
    if not requests_in_run:
        return Avoided((), Decimal(0), in_run.note)
    lines = []
    for line in in_run.lines:
        count, usd = line.count * per_month / requests_in_run, line.usd * per_month / requests_in_run
        formula = f"{dollars(line.usd)} for {requests_in_run:,}, so {dollars(usd)} for {per_month:,}"
        lines.append(AvoidedLine(line.kind, line.what, count, usd, formula))
    return Avoided(tuple(lines), _total(lines), in_run.note)


def invocations(bill: Bill) -> Decimal:
    return sum((line.quantity for line in bill.lines if line.key == REQUESTS), Decimal(0))


def mean_invocation(bill: Bill) -> tuple[Decimal, str] | None:
    """What an invocation cost on average, with the words for it; None if there was none."""
    count = invocations(bill)
    if not count:
        return None
    whole = sum((line.usd for line in bill.lines if line.service == KEY), Decimal(0))
    return whole / count, f"{dollars(whole)} for {count:,.0f} {'invocation' if count == 1 else 'invocations'}"


def _mean(work: Mapping[str, Work], functions: Set[str], template: Template) -> tuple[Decimal, str] | None:
    """What an invocation of these functions cost on average in the run, with the words for it; None if none ran."""
    ran = {function: own for function, own in work.items() if function in functions}
    count = sum(own.count for own in ran.values())
    if not count:
        return None
    whole = amount(Decimal(count), price(REQUESTS))
    for function, own in ran.items():
        whole += amount(own.gb_seconds, price(duration_key(template, function)))
    times = "invocation" if count == 1 else "invocations"
    return whole / count, f"{dollars(whole)} for {count:,} {times} of {', '.join(sorted(ran))}"


def _request_only() -> tuple[Decimal, str]:
    known = price(REQUESTS)
    return known.usd / known.per, f"${known.usd} for {known.unit}"


def _line(kind: str, what: str, count: int, each: Decimal, how: str) -> AvoidedLine:
    usd = each * count
    what = what.replace("invocations", "invocation", 1) if count == 1 else what
    return AvoidedLine(kind, what, Decimal(count), usd, f"{how}, so {count:,} × {dollars(each)} = {dollars(usd)}")


def _total(lines: list[AvoidedLine]) -> Decimal:
    return sum((line.usd for line in lines), Decimal(0))


def _counted(run: Run) -> dict[str, int]:
    counts: dict[str, int] = {}
    for use in run.uses:
        if (use.service, use.operation) in registry().avoiding:
            counts[use.operation] = counts.get(use.operation, 0) + use.count
    return counts


def _derived(run: Run, template: Template) -> dict[str, int]:
    """From the trace: which requests reached no function. Where an invocation tells no trace, nothing can be said."""
    if any(isinstance(event, Invocation) and event.trace is None for event in run.events):
        return {}
    counts: dict[str, int] = {}
    for kind in _kinds(run, template):
        counts[kind] = counts.get(kind, 0) + 1
    return counts


def _kinds(run: Run, template: Template) -> Iterator[str]:
    guards = authorizers(template)
    reached = {
        event.trace for event in run.events if isinstance(event, (Invocation, Log)) and event.function not in guards
    }
    direct = _direct_routes(template)
    cached = any(
        str(stage.property("CacheClusterEnabled")).lower() == "true"
        for stage in template.of_type(*registry().of_role("cache"))
    )
    for event in run.events:
        if not isinstance(event, Request) or event.trace in reached:
            continue
        if event.status in _REFUSALS:
            yield "Refusal"
        elif event.status in _IDENTITY and guards:
            yield "UnchargedRequest"
        elif event.status < 300 and (event.method, event.path.partition("?")[0]) in direct:
            yield "DirectIntegration"
        elif event.status < 300 and cached and event.method == "GET":
            yield "CacheHit"


def authorizers(template: Template) -> set[str]:
    """Logical ids of the functions that decide who may pass."""
    return _called(template, "authorizer")


def behind_the_gateway(template: Template) -> set[str]:
    """Logical ids of the functions that the API's methods lead to."""
    return _called(template, "integration")


def _called(template: Template, kind: str) -> set[str]:
    functions = {resource.id for resource in template.of_type(*registry().functions)}
    return {relation.target for relation in relations(template) if relation.kind == kind} & functions


def _api(template: Template) -> str | None:
    return next((resource.id for resource in template.of_type(*registry().of_role("gateway"))), None)


def _direct_routes(template: Template) -> set[tuple[str, str]]:
    """Method and path of the routes that lead to a service without a function between; fixed paths only."""
    direct = set(direct_methods(template))
    return {(route.method, route.path) for route in routes(template) if route.proof in direct}
