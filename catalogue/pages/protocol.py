"""uvicorn's HTTP protocol, which answers a kept page as soon as its request has been read.

What is sent is what `catalogue.asgi` would send by the same door; only the task, the scope and the messages that ASGI
needs for it are saved, which take longer than everything else. httptools (llhttp) parses, as for any request.
"""

import asyncio
import http
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from catalogue.pages.door import door
from catalogue.pages.shelf import Answer, Headers

_STATUS_LINES = {
    status: f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\n".encode() for status in (200, 206, 304, 416)
}


class _Answered:
    """Stands where uvicorn looks for the request under way: there is none."""

    response_complete = True
    message_event = asyncio.Event()


_NOTHING_UNDER_WAY: Any = _Answered()


class PagesProtocol(HttpToolsProtocol):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._answered_at = 0.0
        self._idle_watch: asyncio.TimerHandle | None = None

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_message_complete(self) -> None:
        if self.cycle is not _NOTHING_UNDER_WAY:
            super().on_message_complete()

    def on_headers_complete(self) -> None:
        if not self._answer():
            self._leave_to_asgi()

    def _leave_to_asgi(self) -> None:
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()  # makes the scope, which a kept page needs not
        self.url, self.expect_100_continue = url, expect
        self.headers += headers
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle_watch is not None:
            self._idle_watch.cancel()
        super().connection_lost(exc)

    def _answer(self) -> bool:
        """Whether the request was for a kept page, and is answered."""
        parser = self.parser
        if parser.get_http_version() != "1.1" or self.flow.write_paused:
            return False
        if self.cycle is not None and not self.cycle.response_complete:
            return False  # requests on one connection are answered in their order
        path, query = _split(self.url)
        method = parser.get_method().decode("latin-1")
        answer = door.answer(method, path, query, self.headers)
        if answer is None:
            return False
        self.cycle = _NOTHING_UNDER_WAY
        self._send(answer, head=method == "HEAD", keep_alive=parser.should_keep_alive())
        return True

    def _send(self, answer: Answer, *, head: bool, keep_alive: bool) -> None:
        defaults = self.server_state.default_headers
        if keep_alive and not head:
            self.transport.write(_messages.of(answer, defaults))
        else:
            end = b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
            self.transport.write(_head(answer, defaults) + end + (b"" if head else answer.body))
        self.server_state.total_requests += 1
        if not keep_alive:
            self.transport.close()
            return
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


def _head(answer: Answer, defaults: Headers) -> bytes:
    """All but the empty line, with the headers that uvicorn adds: the date."""
    return b"".join((_STATUS_LINES[answer.status], answer.head, *(b"%s: %s\r\n" % pair for pair in defaults)))


class _Messages:
    """Whole messages of the present second: uvicorn makes its headers anew when the date changes."""

    MOST = 64

    def __init__(self) -> None:
        self._defaults: Headers = []
        self._kept: dict[int, tuple[Answer, bytes]] = {}

    def of(self, answer: Answer, defaults: Headers) -> bytes:
        if defaults is not self._defaults or len(self._kept) > self.MOST:
            self._defaults = defaults
            self._kept.clear()
        kept = self._kept.get(id(answer))
        if kept is None:
            # The answer is kept with its message: while it lives, no other one has its id.
            kept = self._kept[id(answer)] = (answer, _head(answer, defaults) + b"\r\n" + answer.body)
        return kept[1]


_messages = _Messages()


def _split(url: bytes) -> tuple[str, bytes]:
    """Decoded path and query string of a request's target."""
    if url.startswith(b"/") and b"%" not in url and b"#" not in url:
        path, _, query = url.partition(b"?")
        return path.decode("latin-1"), query
    parsed = httptools.parse_url(url)
    return unquote(parsed.path.decode("latin-1")), parsed.query or b""
