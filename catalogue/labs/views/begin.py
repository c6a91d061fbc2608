"""One press from a page that shows no steps: a lab, with the first request of its demo already on its way."""

import asyncio
import logging
import time
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.lifecycle.services import refresh_lab
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets.base import TargetDown
from catalogue.labs.views.labs import create, take
from catalogue.web.errors import Problem

logger = logging.getLogger(__name__)

_WAIT_SECONDS = 6.0
"""How long the answer waits for the first request's; a proxy or a visitor would not wait much longer."""
_DEPLOY_SECONDS = 300.0
_LOOK_SECONDS = 1.0
"""How long, and how often, a lab that is still deploying is looked at."""
_going_on: set[asyncio.Task[Any]] = set()
"""A step that outlasts its request still ends; a task that no one holds may be collected."""


@csrf_exempt
@require_POST
async def begin(request: HttpRequest) -> HttpResponse:
    """As `create`, which sees to limits and origin; as soon as the lab is ready, its first request is sent as well.

    A first request that fails makes no difference to the answer: the lab's page shows what came of it.
    """
    response: HttpResponse = await in_database(create, request)
    lab_id = response.headers.get("Location", "").removeprefix("/labs/")
    if response.status_code in (201, 303) and lab_id:
        task = asyncio.create_task(_send_first(lab_id))
        _going_on.add(task)
        task.add_done_callback(_ended)
        await asyncio.wait({task}, timeout=_WAIT_SECONDS)
    return response


async def _send_first(lab_id: str) -> None:
    """Take the first step that is a request, once the lab is ready. Nothing if that takes too long or never comes."""
    until = time.monotonic() + _DEPLOY_SECONDS
    lab = await in_database(_refreshed, lab_id)
    while lab.status == Status.DEPLOYING and time.monotonic() < until:
        await asyncio.sleep(_LOOK_SECONDS)
        lab = await in_database(_refreshed, lab_id)
    pattern = pattern_of(lab)
    if lab.status != Status.READY or pattern is None or pattern.demo is None:
        return
    step = next((step for step in pattern.demo.steps if step.request is not None), None)
    if step is not None:
        await take(lab, step, {})


def _refreshed(lab_id: str) -> Lab:
    return refresh_lab(Lab.objects.get(pk=lab_id))


def _ended(task: "asyncio.Task[Any]") -> None:
    _going_on.discard(task)
    if task.cancelled():
        return
    error = task.exception()
    if isinstance(error, (DatabaseError, Problem, Lab.DoesNotExist, TargetDown)):
        logger.warning("The first request of a lab was not sent or not saved: %s", error)
    elif error is not None:
        logger.error("The first request of a lab failed", exc_info=error)
