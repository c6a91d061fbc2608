"""uvicorn's HTTP protocol, which answers a kept page as soon as its request has been read.

It sends what `catalogue.asgi` would send through the same front door. It saves the task, the scope and the messages
that ASGI needs, which take longer than everything else. httptools (llhttp) parses each request, except one that
repeats the bytes of an earlier one.
"""

import asyncio
import http
from typing import Any
from urllib.parse import unquote

import httptools

from catalogue.observability.prometheus.kept_counts import counts
from catalogue.pages.serving.front_door import WEIGHED, front_door
from catalogue.pages.serving.page_cache import Headers, PageAnswer
from catalogue.web.front.guard import GuardedProtocol

_STATUS_LINES = {
    status: f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\n".encode() for status in (200, 206, 304, 412, 416)
}


class _Answered:
    """Stands where uvicorn looks for the request under way: there is none."""

    response_complete = True
    keep_alive = True
    message_event = asyncio.Event()


_NOTHING_UNDER_WAY: Any = _Answered()


class PagesProtocol(GuardedProtocol):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._ended = False  # whether one has ended, and another may follow
        self._message: bytes | None = None  # its answer, if it was for a kept page

    def data_received(self, data: bytes) -> None:
        if self.between:
            message = _messages.of_same_bytes(data, self.server_state.default_headers)
            if message is not None and self.free() and not self.flow.write_paused:
                self._unset_keepalive_if_required()
                self._send(message, keep_alive=True)
                return
        between, self.between = self.between, False
        self._ended, self._message = False, None
        super().data_received(data)
        if self.refused:
            return
        # Headers end with the first empty line. If that is the data's end, it was one request, and nothing else.
        if between and self._ended and data.find(b"\r\n\r\n") == len(data) - 4:
            self.between = True
            if self._message is not None:
                _messages.keep_for_bytes(data, self._message)

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
        self.check_head(url, headers)
        # No faster than answers are read.
        if not self.free() or self.flow.write_paused or not self._answer(url, headers):
            self._leave_to_asgi(url, headers)

    def _leave_to_asgi(self, url: bytes, headers: Headers) -> None:
        self.check_request(url, headers)
        if self.takes_upgrade(url, headers):
            return
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()
        self.body_begins()
        self.url, self.headers = b"", []

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
        counts[message[9:12]] += 1  # of the status line: HTTP/1.1 200 OK
        if not keep_alive:
            head, end, body = message.partition(b"\r\n\r\n")
            self.transport.write(b"".join((head, b"\r\nconnection: close", end, body)))
            self.transport.close()
            return
        self.transport.write(message)
        self.answered_at = self.loop.time()


class _Messages:
    """Whole messages of the present second, by what the front door reads of a request and by the request's own bytes.

    The same bytes, sent again, need not be parsed again. uvicorn makes its headers again when the date changes; then
    everything is forgotten and the front door asked again, so that a new edition is seen as soon as it is there.
    """

    MOST = 64
    """Of requests by their bytes: those of one client that repeats itself, not a crowd's."""
    MOST_ASKED = 512
    """Of what the front door reads: a crowd's requests for one page differ in nothing of that."""
    MOST_BYTES_KEPT = 16_000_000
    MOST_BYTES = 500_000
    """Of one message; a download is put together again each time."""
    MOST_BYTES_ASKED = 2000

    def __init__(self) -> None:
        self._defaults: Headers = []
        self._of_bytes: dict[bytes, bytes] = {}
        self._of_asked: dict[tuple[object, ...], bytes] = {}
        self._kept_bytes = 0

    def of_same_bytes(self, request: bytes, defaults: Headers) -> bytes | None:
        """What was sent in this second for one whole request of these bytes."""
        return self._of_bytes.get(request) if defaults is self._defaults else None

    def keep_for_bytes(self, request: bytes, message: bytes) -> None:
        """Note what is sent for the bytes of one whole request that leaves its connection open."""
        if len(request) <= self.MOST_BYTES_ASKED and len(message) <= self.MOST_BYTES:
            if len(self._of_bytes) >= self.MOST:
                self._of_bytes.clear()
            self._of_bytes[request] = message

    def find(self, method: bytes, url: bytes, headers: Headers, defaults: Headers) -> bytes | None:
        """What is sent for a request; None if the front door leaves it to Django."""
        if defaults is not self._defaults:
            self._defaults = defaults
            self._of_bytes.clear()
            self._forget_asked()
        asked = (method, url, *[pair for pair in headers if pair[0] in WEIGHED])
        message = self._of_asked.get(asked)
        if message is None:
            if sum(name == b"host" for name, _ in headers) > 1:
                return None
            path, query = _split(url)
            answer = front_door.answer(method.decode("latin-1"), path, query, headers)
            if answer is None:
                return None
            message = _message(answer, defaults, head=method == b"HEAD")
            self._keep(asked, message)
        return message

    def _keep(self, asked: tuple[object, ...], message: bytes) -> None:
        if len(message) > self.MOST_BYTES:
            return
        if len(self._of_asked) >= self.MOST_ASKED or self._kept_bytes + len(message) > self.MOST_BYTES_KEPT:
            self._forget_asked()
        self._of_asked[asked] = message
        self._kept_bytes += len(message)

    def _forget_asked(self) -> None:
        self._of_asked.clear()
        self._kept_bytes = 0


_messages = _Messages()


def _message(answer: PageAnswer, defaults: Headers, *, head: bool) -> bytes:
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
