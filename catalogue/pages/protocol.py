"""uvicorn's HTTP protocol, which answers a kept page as soon as its request has been read.

What is sent is what `catalogue.asgi` would send by the same door; only the task, the scope and the messages that ASGI
needs for it are saved, which take longer than everything else. httptools (llhttp) parses, as for any request, but for
one that comes again in the very same bytes.
"""

import asyncio
import http
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from catalogue.pages.door import WEIGHED, door
from catalogue.pages.shelf import Answer, Headers

_STATUS_LINES = {
    status: f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\n".encode() for status in (200, 206, 304, 412, 416)
}


class _Answered:
    """Stands where uvicorn looks for the request under way: there is none."""

    response_complete = True
    message_event = asyncio.Event()


_NOTHING_UNDER_WAY: Any = _Answered()


class PagesProtocol(HttpToolsProtocol):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.url = b""
        self.headers = []
        self._answered_at = 0.0
        self._idle_watch: asyncio.TimerHandle | None = None
        self._between = True  # whether the parser holds no part of a request
        self._ended = False  # whether one has ended, and another may follow
        self._message: bytes | None = None  # its answer, if it was for a kept page

    def data_received(self, data: bytes) -> None:
        if self._between:
            message = _messages.of_same_bytes(data, self.server_state.default_headers)
            if message is not None and self._free() and not self.flow.write_paused:
                self._unset_keepalive_if_required()
                self._send(message, keep_alive=True)
                return
        between, self._between = self._between, False
        self._ended, self._message = False, None
        super().data_received(data)
        # Headers end with the first empty line. If that is the data's end, it was one request, and nothing else.
        if between and self._ended and data.find(b"\r\n\r\n") == len(data) - 4:
            self._between = True
            if self._message is not None:
                _messages.keep_for_bytes(data, self._message)

    def _free(self) -> bool:
        """Whether no request is under way: those of one connection are answered in their order."""
        cycle = self.cycle
        return cycle is _NOTHING_UNDER_WAY or cycle is None or cycle.response_complete

    # What it would prepare, `_leave_to_asgi` makes; the parser does not call what is None.
    on_message_begin = None  # type: ignore[assignment]

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_message_complete(self) -> None:
        self._ended = self.parser.should_keep_alive()
        if self.cycle is not _NOTHING_UNDER_WAY:
            self.headers = []  # a body in chunks may have brought trailers, which are not the next request's
            super().on_message_complete()

    def on_headers_complete(self) -> None:
        url, headers = self.url, self.headers
        self.url, self.headers = b"", []
        # No faster than answers are read.
        if not self._free() or self.flow.write_paused or not self._answer(url, headers):
            self._leave_to_asgi(url, headers)

    def _leave_to_asgi(self, url: bytes, headers: Headers) -> None:
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()
        self.url, self.headers = b"", []

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle_watch is not None:
            self._idle_watch.cancel()
        super().connection_lost(exc)

    def _answer(self, url: bytes, headers: Headers) -> bool:
        """Whether the request was for a kept page, and is answered."""
        parser = self.parser
        message = _messages.find(parser.get_method(), url, headers, self.server_state.default_headers)
        if message is None:
            return False
        self._message = message
        self._send(message, keep_alive=parser.should_keep_alive())
        return True

    def _send(self, message: bytes, *, keep_alive: bool) -> None:
        self.cycle = _NOTHING_UNDER_WAY
        self.server_state.total_requests += 1
        if not keep_alive:
            head, end, body = message.partition(b"\r\n\r\n")
            self.transport.write(b"".join((head, b"\r\nconnection: close", end, body)))
            self.transport.close()
            return
        self.transport.write(message)
        self._answered_at = self.loop.time()
        if self._idle_watch is None:
            self._idle_watch = self.loop.call_later(self.timeout_keep_alive, self._close_if_idle)

    def _close_if_idle(self) -> None:
        """One watch for all answers of a connection: a timer for each would cost a quarter of its time."""
        self._idle_watch = None
        if not isinstance(self.cycle, _Answered) or self.transport.is_closing():
            return  # a request of uvicorn's own has come, with a watch of its own
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._idle_watch = self.loop.call_later(left, self._close_if_idle)
        else:
            self.transport.close()


class _Messages:
    """Whole messages of the present second, by all of a request that the door weighs, and by a request's own bytes.

    The same bytes, sent again, need not be parsed again. uvicorn makes its headers anew when the date changes; then
    everything is forgotten and the door asked again, so that a new edition is seen as soon as the door has it.
    """

    MOST = 64
    MOST_BYTES = 500_000
    """Of one message; a download is put together anew each time."""
    MOST_BYTES_ASKED = 2000

    def __init__(self) -> None:
        self._defaults: Headers = []
        self._kept: dict[bytes | tuple[object, ...], bytes] = {}

    def of_same_bytes(self, request: bytes, defaults: Headers) -> bytes | None:
        """What was sent in this second for one whole request of these bytes."""
        return self._kept.get(request) if defaults is self._defaults else None

    def keep_for_bytes(self, request: bytes, message: bytes) -> None:
        """Note what is sent for the bytes of one whole request that leaves its connection open."""
        if len(request) <= self.MOST_BYTES_ASKED:
            self._keep(request, message)

    def find(self, method: bytes, url: bytes, headers: Headers, defaults: Headers) -> bytes | None:
        """What is sent for a request; None if the door leaves it to Django."""
        if defaults is not self._defaults:
            self._defaults = defaults
            self._kept.clear()
        asked = (method, url, *[pair for pair in headers if pair[0] in WEIGHED])
        message = self._kept.get(asked)
        if message is None:
            path, query = _split(url)
            answer = door.answer(method.decode("latin-1"), path, query, headers)
            if answer is None:
                return None
            message = _message(answer, defaults, head=method == b"HEAD")
            self._keep(asked, message)
        return message

    def _keep(self, asked: bytes | tuple[object, ...], message: bytes) -> None:
        if len(self._kept) >= self.MOST:
            self._kept.clear()
        if len(message) <= self.MOST_BYTES:
            self._kept[asked] = message


_messages = _Messages()


def _message(answer: Answer, defaults: Headers, *, head: bool) -> bytes:
    """As it goes over the wire, with the headers that uvicorn adds: the date."""
    added = b"".join([b"%s: %s\r\n" % pair for pair in defaults])
    return b"".join((_STATUS_LINES[answer.status], answer.head, added, b"\r\n", b"" if head else answer.body))


def _split(url: bytes) -> tuple[str, bytes]:
    """Decoded path and query string of a request's target."""
    if url.startswith(b"/") and b"%" not in url and b"#" not in url:
        path, _, query = url.partition(b"?")
        return path.decode("latin-1"), query
    parsed = httptools.parse_url(url)
    return unquote(parsed.path.decode("latin-1")), parsed.query or b""
