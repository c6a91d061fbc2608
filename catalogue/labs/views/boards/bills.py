"""A lab's bill: what it cost so far and what a month of it would cost, as JSON, as a page, or as the meter alone."""

import logging

from botocore.exceptions import BotoCoreError, ClientError
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.lifecycle.support.metering import lab_run
from catalogue.labs.lifecycle.support.rate_limited_log import RateLimitedLog
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets.base import TargetDown
from catalogue.labs.views.requests import find_lab, require_live
from catalogue.patterns.costs.meter import DEFAULT_PER_MONTH, MOST_PER_MONTH, Meter, read_meter
from catalogue.web.errors import Problem, wants_html

_PARTS = ("meter",)
_errors = RateLimitedLog(logging.getLogger(__name__))


@require_safe
def bill(request: HttpRequest, lab_id: str) -> HttpResponse:
    """GET …/bill?per_month=1000000&free_tier=on|off. Problem: 422 for odd values, 409 or 410 if the lab is not live."""
    per_month, free_tier = rate_asked(request.GET)
    part = request.GET.get("part", "")
    if part and part not in _PARTS:
        raise Problem(422, "No such part", "`part` must be `meter`. You can also leave it out.")
    lab = services.refresh_lab(find_lab(lab_id))
    require_live(lab)
    meter = meter_of(lab, per_month, free_tier=free_tier)
    if part or wants_html(request):
        template = "labs/_meter.html" if part else "labs/bill.html"
        response = render(request, template, {"lab_id": lab.pk, "meter": meter, "pattern": pattern_of(lab)})
        response["Referrer-Policy"] = "same-origin"  # the address is a capability
    else:
        response = JsonResponse({"lab": lab.pk} | meter.document())
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept"
    return response


def meter_of(lab: Lab, per_month: int = DEFAULT_PER_MONTH, *, free_tier: bool = False) -> Meter:
    """The lab's meter as it stands. Raises Problem: 410 if its pattern is gone, 503 while AWS does not answer."""
    pattern = pattern_of(lab)
    template = None
    if pattern is not None:
        template = pattern.naive if lab.variant == "naive" else pattern.template
    if template is None:
        raise Problem(
            410, "No longer available", "This lab's pattern is no longer published, so its prices are not available."
        )
    try:
        run = lab_run(lab)
    except (TargetDown, ClientError, BotoCoreError) as error:
        raise Problem(503, "AWS is not available", str(error), headers={"Retry-After": "2"}) from None
    except DatabaseError:
        raise
    except Exception as error:  # an answer that cannot be read, such as one cut short
        _errors.exception("Reading what a lab has used", error)
        detail = "The usage of this lab cannot be read right now."
        raise Problem(503, "The bill cannot be read", detail, headers={"Retry-After": "5"}) from None
    return read_meter(run, template, per_month, free_tier=free_tier)


def meter_shown(lab: Lab) -> Meter | None:
    """The meter for the lab's own page, where it is not what matters most: None if it cannot be read just now."""
    if lab.status != Status.READY:
        return None
    try:
        return meter_of(lab)
    except Problem:
        return None


def rate_asked(query: QueryDict) -> tuple[int, bool]:
    """Requests a month, and whether to take off what is free. Raises Problem (422)."""
    asked = query.get("per_month", str(DEFAULT_PER_MONTH)).strip()
    if not (asked.isascii() and asked.isdigit() and len(asked) <= 12 and int(asked) <= MOST_PER_MONTH):
        raise Problem(
            422,
            "Not a number of requests",
            f"`per_month` must be a whole number from 0 to {MOST_PER_MONTH}, such as per_month={DEFAULT_PER_MONTH}.",
        )
    free_tier = query.get("free_tier", "off")
    if free_tier not in ("on", "off"):
        raise Problem(422, "Invalid free tier option", "`free_tier` must be `on` or `off`.")
    return int(asked), free_tier == "on"
