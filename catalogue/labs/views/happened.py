"""GET /labs/<id>/events.json: what has happened in a lab so far, read now, for programs that do not follow a stream."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from catalogue.labs.edge.application import edge_in_use, running_edge
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab
from catalogue.labs.targets import target_of
from catalogue.labs.targets.base import TargetDown
from catalogue.labs.views.requests import AtOnce, find_lab, require_live
from catalogue.labs.watching import gauges
from catalogue.labs.watching.feed import Feed
from catalogue.labs.watching.watched_rows import all_calls
from catalogue.web.errors import Problem

_readings = AtOnce(2, "One reading at a time", "Two requests are already reading what happened in this lab.", 1)


@csrf_exempt
@require_safe
async def happened(request: HttpRequest, lab_id: str) -> HttpResponse:
    """`{"events": [{"event", "data"}], "expects_more": false}`: the newest events, as the stream gives them.

    `expects_more` is true while the stack is at work by itself: messages are on their way, or an invocation has not
    ended. Problem: 409 or 410 if the lab is not live, 429, 503.
    """
    lab = await in_database(_live, lab_id)
    with _readings.one_of(lab_id):
        async with edge_in_use():
            await running_edge().recorder.flush()
        feed = await in_database(_read, lab)
    events: list[dict[str, Any]] = [{"event": told.kind, "data": json.loads(told.data)} for told in feed.kept()]
    return JsonResponse({"events": events, "expects_more": feed.expects_more}, headers={"Cache-Control": "no-store"})


def _live(lab_id: str) -> Lab:
    lab = services.refresh_lab(find_lab(lab_id))
    require_live(lab)
    return lab


def _read(lab: Lab) -> Feed:
    """A feed that has been told all at once. Raises Problem (503)."""
    feed = Feed(lab.pk)
    feed.tell_state(lab)
    target, resources = target_of(lab), resources_of(lab)
    try:
        feed.tell_calls(all_calls(lab.pk))
        feed.tell_lines(gauges.read_logs(target, resources, int(lab.created_at.timestamp() * 1000)))
        feed.tell_gauges(gauges.read_gauges(target, resources))
    except (TargetDown, ClientError, BotoCoreError) as error:
        raise Problem(503, "AWS is not available", str(error), headers={"Retry-After": "2"}) from None
    return feed
