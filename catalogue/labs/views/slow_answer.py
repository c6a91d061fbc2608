"""Answers that may take a minute, sent so that no proxy ends them first: what a step claims is waited for that long.

What is ready soon is an ordinary response. After that the answer begins with empty lines, one every few seconds, which
both JSON and HTML allow in front (RFC 8259, section 2; https://html.spec.whatwg.org/multipage/syntax.html#writing), so
that curl, the page's script and a form without script read it as they read any other.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.html import format_html

from catalogue.web.errors import Problem, respond, wants_html

logger = logging.getLogger(__name__)

_SOON_SECONDS = 10.0
"""How long an answer is held back for its status: proxies give up after 30 to 60 s without a byte."""
_BEAT_SECONDS = 8.0
_LEADS_ON = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Done</title>'
    '<meta http-equiv="refresh" content="0; url={}"></head><body>'
    '<p><a href="{}">Done. See the result</a></p></body></html>'
)
_going_on: set[asyncio.Task[Any]] = set()
"""Work goes on when the visitor who asked for it has left; a task that no one holds may be collected."""


async def answer_in_time(request: HttpRequest, work: Coroutine[Any, Any, HttpResponse]) -> HttpResponseBase:
    """The response that `work` makes, or a stream that begins now and ends with that response's body.

    What `work` raises soon is raised here. Later the status is sent (200): then the body is the problem's, with the
    status in it, and a redirection is a page that leads on.
    """
    task = asyncio.create_task(work)
    _going_on.add(task)
    task.add_done_callback(_going_on.discard)
    try:
        done, _ = await asyncio.wait({task}, timeout=_SOON_SECONDS)
    except asyncio.CancelledError:  # the visitor has left
        task.add_done_callback(_log_failure)
        raise
    if done:
        return task.result()
    task.add_done_callback(_log_failure)
    html = wants_html(request)
    response = StreamingHttpResponse(
        _beats(request, task), content_type="text/html; charset=utf-8" if html else "application/json"
    )
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept, Cookie"
    response["Referrer-Policy"] = "same-origin"
    response["X-Accel-Buffering"] = "no"
    return response


async def _beats(request: HttpRequest, task: asyncio.Task[HttpResponse]) -> AsyncIterator[bytes]:
    yield b"\n"
    while not (await asyncio.wait({task}, timeout=_BEAT_SECONDS))[0]:
        yield b"\n"
    yield await sync_to_async(_body)(request, task)


def _log_failure(task: asyncio.Task[HttpResponse]) -> None:
    """Log what the work raised where no view is left to raise it. A refusal is the visitor's business alone."""
    if task.cancelled():
        return
    error = task.exception()  # asyncio would log a traceback for each exception that is never looked at
    if isinstance(error, DatabaseError):
        logger.warning("The result that a visitor waited for could not be saved: %s", error)
    elif error is not None and not isinstance(error, Problem):
        logger.error("A request that a visitor waited for failed", exc_info=error)


def _body(request: HttpRequest, task: asyncio.Task[HttpResponse]) -> bytes:
    try:
        response = task.result()
    except Problem as problem:
        return respond(request, problem).content
    except DatabaseError:
        return respond(request, Problem(503, detail="It was done, but its result could not be saved.")).content
    except Exception:
        return respond(
            request, Problem(500, detail="Something went wrong on our side. The error has been logged.")
        ).content
    if 300 <= response.status_code < 400:
        return format_html(_LEADS_ON, response["Location"], response["Location"]).encode()
    return response.content
