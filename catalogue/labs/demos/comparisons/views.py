"""The comparisons' pages and JSON: make one, look at it, run it, delete both labs."""

import asyncio
import contextlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from catalogue.base.target_names import EMBEDDED
from catalogue.labs.demos.comparisons import services
from catalogue.labs.demos.comparisons.represent import (
    cards,
    comparison_document,
    extent,
    kept_runs,
    page_of,
    run_pages,
    traffic_lines,
)
from catalogue.labs.demos.comparisons.results.months import DEFAULT_RATE, MOST_PER_MONTH, RATES, months
from catalogue.labs.demos.comparisons.results.strips import strips
from catalogue.labs.demos.comparisons.results.table import avoided, rows
from catalogue.labs.demos.comparisons.services import NotNow, State, labs_of
from catalogue.labs.lifecycle import ownership
from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.lifecycle.limits import LimitReached
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Comparison, Status
from catalogue.labs.targets.base import TargetDown
from catalogue.labs.views.no_room import no_room
from catalogue.labs.views.requests import fields, require_live
from catalogue.labs.views.slow_answer import answer_in_time
from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern, UnknownPattern
from catalogue.patterns.content.schemas.comparison import Side
from catalogue.patterns.costs.bill import EMULATED
from catalogue.patterns.runs.document import Run, Unreadable, read_run
from catalogue.web.client_address import client_key
from catalogue.web.errors import Problem, read_only, wants_html

# Forged requests are refused by their origin (see `ownership`): these addresses serve curl as well as forms.

_PARTS = {"result": "comparisons/_result.html", "costs": "comparisons/_costs.html"}
_FORM_WAITS_SECONDS = 3
"""How long a form's answer may take: proxies cut what takes a minute. The page then tells that the run goes on."""
_running: set[asyncio.Task[None]] = set()
"""Runs go on when the visitor who asked for them has left; a task that no one holds may be collected."""


@csrf_exempt
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """POST {"pattern": slug}, as JSON or a form: both labs deployed, 201 with their tokens or 303 to the page."""
    ownership.require_same_origin(request)
    pattern = _comparable(fields(request).get("pattern"))
    owner = ownership.owner_key(request) or ownership.new_owner_key()
    try:
        created = services.create_comparison(pattern, owner, client_key(request, "labs.client"))
    except LimitReached as limit:
        return no_room(request, limit, pattern, "No room for two labs right now", f"Compare {pattern.title} again")
    except TargetDown as error:
        raise Problem(503, "AWS is not available", str(error), headers={"Retry-After": "2"}) from None
    page = page_of(created.comparison)
    response: HttpResponse
    if wants_html(request):
        response = _see_other(page)
    else:
        document = comparison_document(created.comparison, pattern)
        for side, token in created.tokens.items():
            document["labs"][side]["token"] = token
        response = JsonResponse(document, status=201, headers={"Location": page})
    response["Cache-Control"] = "no-store"
    ownership.remember_owner(response, owner)
    return response


@read_only
def detail(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """The comparison as JSON or as its page; `?part=result` or `?part=costs` gives that part of the page alone."""
    comparison = services.refresh_comparison(_find(comparison_id))
    pattern = _pattern(comparison)
    template = _PARTS.get(request.GET.get("part", ""))
    if template is None and not wants_html(request):
        response: HttpResponse = JsonResponse(comparison_document(comparison, pattern))
        response["Vary"] = "Accept"
    else:
        if pattern is None:
            raise Problem(404, "No such comparison", "Its pattern is no longer published with a naive twin.")
        response = render(request, template or "comparisons/detail.html", _context(request, comparison, pattern))
        response["Vary"] = "Accept, Cookie"
        response["Referrer-Policy"] = "same-origin"  # the address is a capability
    response["Cache-Control"] = "no-store"
    return response


@csrf_exempt
@require_POST
async def run(request: HttpRequest, comparison_id: str) -> HttpResponseBase:
    """Send the traffic to both: JSON once the result is there; for a form, soon, 303 to the page that shows it."""
    comparison, pattern, claim = await in_database(_admit, request, comparison_id)
    task = asyncio.create_task(services.run_comparison(comparison, pattern, claim))
    _running.add(task)
    task.add_done_callback(_running.discard)
    if wants_html(request):
        done, _ = await asyncio.wait({task}, timeout=_FORM_WAITS_SECONDS)
        # Without a fragment as long as there is nothing to jump to: a refresh of an address with one loads nothing.
        return _see_other(page_of(comparison) + ("#result" if done else ""))
    return await answer_in_time(request, _result_of(task, comparison_id, pattern))


async def _result_of(task: asyncio.Task[None], comparison_id: str, pattern: Pattern) -> HttpResponse:
    await asyncio.shield(task)
    comparison = await in_database(_find, comparison_id)
    document = await in_database(comparison_document, comparison, pattern)
    return JsonResponse(document, headers={"Cache-Control": "no-store"})


@csrf_exempt
@require_POST
def delete(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """Delete both labs: 204, or 303 to the pattern."""
    comparison = _find(comparison_id)
    _require_owner(request, comparison)
    services.delete_comparison(comparison)
    if not wants_html(request):
        return HttpResponse(status=204)
    pattern = pattern_of(comparison.pattern_lab)
    return _see_other(pattern.url if pattern else "/")


def _admit(request: HttpRequest, comparison_id: str) -> tuple[Comparison, Pattern, Any]:
    """The comparison, claimed for a run. Raises Problem."""
    comparison = _find(comparison_id)
    _require_owner(request, comparison)
    comparison = services.refresh_comparison(comparison)
    for lab in labs_of(comparison).values():
        require_live(lab)
    pattern = _pattern(comparison)
    if pattern is None:
        raise Problem(410, "Nothing to compare", "The pattern is no longer published with a naive twin.")
    try:
        return comparison, pattern, services.claim_run(comparison)
    except NotNow as error:
        headers = {"Retry-After": str(error.retry_after)}
        raise Problem(429, "A run is in progress", str(error), headers=headers) from None


def _context(request: HttpRequest, comparison: Comparison, pattern: Pattern) -> dict[str, Any]:
    assert pattern.compare is not None
    per_month, free_tier = _rate(request)
    runs = _readable(comparison)
    labs = labs_of(comparison)
    result = comparison.result
    table = rows(pattern.compare, result) if result else []
    return {
        "comparison": comparison,
        "pattern": pattern,
        "compare": pattern.compare,
        "cards": cards(comparison, pattern),
        "traffic": traffic_lines(pattern.compare),
        "extent": extent(pattern.compare),
        "labs": labs,
        "ready": all(lab.status == Status.READY for lab in labs.values()),
        "deploying": any(lab.status == Status.DEPLOYING for lab in labs.values()),
        "gone": next((lab for lab in labs.values() if not lab.live), None),
        "running": comparison.state == State.RUNNING,
        "failed": comparison.state == State.FAILED,
        "owned": _owns(request, comparison),
        "result": result,
        "rows": table,
        "avoided": avoided(table),
        "emulated": EMULATED if settings.LABS_TARGET == EMBEDDED else "",
        "strips": strips(result) if result else [],
        "unheld": [claim for claim in result["claims"] if not claim["ok"]] if result else [],
        "runs": run_pages(comparison),
        "months": months(runs, pattern, per_month, free_tier=free_tier) if result else None,
        "rates": [(rate, f"{rate:,}") for rate in sorted({*RATES, per_month})],
    }


def _readable(comparison: Comparison) -> dict[Side, Run]:
    """The kept runs of both sides that can be read; each is missing where an earlier version kept it otherwise."""
    runs = {}
    for side, kept in kept_runs(comparison).items():
        with contextlib.suppress(Unreadable):
            runs[side] = read_run(kept.document)
    return runs


def _rate(request: HttpRequest) -> tuple[int, bool]:
    """Requests a month, and whether the free tier counts. Raises Problem (422)."""
    given = request.GET.get("per_month", str(DEFAULT_RATE))
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:12]) <= MOST_PER_MONTH:
        raise Problem(422, "Not a rate", f"`per_month` must be a whole number from 1 to {MOST_PER_MONTH:,}.")
    return int(given[:12]), request.GET.get("free_tier", "off") == "on"


def _comparable(slug: Any) -> Pattern:
    if not isinstance(slug, str) or not slug:
        raise Problem(422, "Which pattern?", 'Name the pattern to compare: {"pattern": "idempotent-proxy"}.')
    try:
        pattern = library().get(slug)
    except UnknownPattern:
        detail = f"There is no pattern {slug[:80]!r}; /patterns.json lists them."
        raise Problem(422, "No such pattern", detail) from None
    if pattern.compare is None or pattern.naive is None:
        raise Problem(422, "Nothing to compare with", f"{pattern.title} has no naive twin.")
    return pattern


def _find(comparison_id: str) -> Comparison:
    found = Comparison.objects.filter(pk=comparison_id).select_related("pattern_lab", "naive_lab").first()
    if found is None:
        raise Problem(
            404, "No such comparison", "This address belongs to no comparison, or the comparison was deleted."
        )
    return found


def _pattern(comparison: Comparison) -> Pattern | None:
    """The comparison's pattern, if it still has a twin."""
    pattern = pattern_of(comparison.pattern_lab)
    return pattern if pattern is not None and pattern.compare and pattern.naive else None


def _owns(request: HttpRequest, comparison: Comparison) -> bool:
    return any(ownership.owns(request, lab) for lab in labs_of(comparison).values())


def _require_owner(request: HttpRequest, comparison: Comparison) -> None:
    """The token of either lab will do. Raises Problem (403)."""
    owned = next((lab for lab in labs_of(comparison).values() if ownership.owns(request, lab)), comparison.pattern_lab)
    ownership.require_owner(request, owned)


def _see_other(address: str) -> HttpResponseRedirect:
    response = HttpResponseRedirect(address)
    response.status_code = 303
    response["Cache-Control"] = "no-store"
    return response
