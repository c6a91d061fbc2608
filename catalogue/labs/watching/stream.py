"""A lab's events as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, nullcontext

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from catalogue.labs.watching.event_log import Cursor, LabEvent, Overrun
from catalogue.labs.watching.feed import TooManyStreams, require_room
from catalogue.labs.watching.reader import running_reader, watch
from catalogue.labs.watching.stream_places import running_places
from catalogue.processes import draining
from catalogue.web.errors import Problem

_RETRY_MS = 1000
_PIECE = 64 * 1024


async def admitted_stream(request: HttpRequest, lab_id: str) -> HttpResponseBase:
    """As `event_stream`, counted among the streams of all processes where CACHE_URL is set. Raises Problem (429)."""
    places = running_places()
    if places is None or request.method == "HEAD":
        return event_stream(request, lab_id)
    _require_room(lab_id)
    try:
        lease = await places.take(lab_id)
    except TooManyStreams as full:
        raise _too_many(full) from None
    return event_stream(request, lab_id, lease)


def event_stream(request: HttpRequest, lab_id: str, lease: str = "") -> HttpResponseBase:
    """The response; it resumes after the event that the Last-Event-ID header names. Raises Problem (429).

    HEAD gets the same headers, and takes no stream's place. `lease` is the stream's own in `stream_places`: one that
    never begins gives none back, and its lease ends by itself.
    """
    _require_room(lab_id)
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(content_type="text/event-stream")
    else:
        cursor = Cursor.parse(request.headers.get("Last-Event-ID", ""))
        response = StreamingHttpResponse(_lines(lab_id, cursor, lease), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def _require_room(lab_id: str) -> None:
    try:
        require_room(running_reader().feeds, lab_id)
    except TooManyStreams as full:
        raise _too_many(full) from None


def _too_many(full: TooManyStreams) -> Problem:
    return Problem(429, "Too many streams", str(full), headers={"Retry-After": "10"})


async def _lines(lab_id: str, cursor: Cursor | None, lease: str) -> AsyncIterator[bytes]:
    """A watcher who reads too slowly is let go, and resumes by the id of the last event that it has had."""
    places = running_places() if lease else None
    held = places.held(lab_id, lease) if places else nullcontext()
    async with held, aclosing(_watched_lines(lab_id, cursor)) as lines:
        async for line in lines:
            yield line


async def _watched_lines(lab_id: str, cursor: Cursor | None) -> AsyncGenerator[bytes]:
    yield f"retry: {_RETRY_MS}\n\n".encode()
    try:
        async with aclosing(draining.until_begun(watch(lab_id, cursor))) as watching:
            async for told in watching:
                for piece in _pieces(told):
                    yield piece
    except (TooManyStreams, Overrun):
        return


def _pieces(told: Sequence[LabEvent]) -> Iterator[bytes]:
    """The lines of some events, about `_PIECE` at a time: what a client does not read is held once for each stream."""
    held, size = [], 0
    for line in map(_event, told):
        held.append(line)
        size += len(line)
        if size >= _PIECE:
            yield b"".join(held)
            held, size = [], 0
    if held or not told:
        yield b"".join(held) or b": still here\n\n"


def _event(told: LabEvent) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(told.cursor).encode(), told.kind.encode(), told.data)
