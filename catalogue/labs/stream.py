"""A lab's events as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import json
from collections.abc import AsyncIterator

from django.http import HttpRequest, StreamingHttpResponse

from catalogue.errors import Problem
from catalogue.labs.feed import Cursor, Told, TooManyStreams, require_room, watch

_RETRY_MS = 1000


def event_stream(request: HttpRequest, lab_id: str) -> StreamingHttpResponse:
    """The response; it resumes after the event that the Last-Event-ID header names. Raises Problem (429)."""
    try:
        require_room(lab_id)
    except TooManyStreams as full:
        raise Problem(429, "Too many streams", str(full), headers={"Retry-After": "10"}) from None
    cursor = Cursor.parse(request.headers.get("Last-Event-ID", ""))
    response = StreamingHttpResponse(_lines(lab_id, cursor), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _lines(lab_id: str, cursor: Cursor | None) -> AsyncIterator[bytes]:
    yield f"retry: {_RETRY_MS}\n\n".encode()
    watching = watch(lab_id, cursor)
    try:
        async for told in watching:
            yield b": still here\n\n" if told is None else _event(told)
    except TooManyStreams:
        return
    finally:
        await watching.aclose()


def _event(told: Told) -> bytes:
    data = json.dumps(told.event.data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {told.cursor}\nevent: {told.event.kind}\ndata: {data}\n\n".encode()
