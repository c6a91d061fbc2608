"""uvicorn's HTTP protocol within bounds: what a client sends, and how slowly, is refused before an application sees it.

llhttp parses; this class counts what it hands over. The answers are `refusals.py`'s. A refused connection is read for
a moment longer before it is closed: closing a socket with unread data resets it, and the client would lose the answer.
"""

import asyncio
from collections import deque
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from catalogue.observability.asgi import context_of_request
from catalogue.observability.logs import access
from catalogue.observability.prometheus.metrics import request_answered
from catalogue.observability.requests.kinds import REFUSED
from catalogue.web.front import limits, refusals
from catalogue.web.front.bodies import BodyBudget
from catalogue.web.front.connections import connections_of, counted_peer, forwarded_client
from catalogue.web.front.periodic import noted
from catalogue.web.front.refusals import Headers, Refusal
from catalogue.web.front.sockets import GuardedSocket, asks_for_socket, handshake

_MOST_OVERHEAD = 8
"""Bytes on the wire for each byte of a body: a chunk of one byte takes six."""
_YOUNG_SECONDS = 1.0
"""A head that began so lately does not give way to a new connection."""


class _Stop(Exception):
    """Ends the parser's work on what has been received."""


class GuardedProtocol(HttpToolsProtocol):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.url = b""
        self.headers = []
        self.peer: str | None = None
        self.counted = False
        self.front = connections_of(self.server_state, self.loop)
        self.timeout_keep_alive = self.front.limits.idle_seconds  # type: ignore[assignment]  # it is a delay
        self.answered_at = self.loop.time()
        """When the last answer was complete, or the connection made."""
        self.between = True
        """Whether the parser holds no part of a request, so that its subclass may answer without it."""
        self.refused = False
        self._linger_until = 0.0
        self._lingered = 0
        self._stalled_at = 0.0  # since when too little of the answers has been taken
        self._unsent = 0
        self._heads = 0  # how many have been complete
        self._head_since = 0.0  # when the last piece of data ended within a head, and not before
        self._head_bytes = 0  # no head may be larger than this, unless `_inexact`
        self._inexact = False
        self._body_open = False
        self._body_since = 0.0
        self._body_bytes = self._body_wire = self._body_most = 0
        self._budget = self.front.bodies
        self._held: dict[BodyBudget, int] = {}
        self._upgrade: tuple[bytes, Headers] | None = None
        """The head of a request that asks for a WebSocket, and gets one."""
        self._clients: deque[str | None] = deque()
        """For whom a proxy passed on each request that is under way on this connection, the oldest first."""

    # connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.peer = counted_peer(self.client[0] if self.client else None)
        refusal = self.front.admit(self)
        if refusal is not None:
            self.refuse(refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        self.front.leave(self)
        self._give_back()
        while self._clients:
            self._end_request()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        self._stalled_at = 0.0  # all but the transport's low-water mark was taken
        super().resume_writing()

    def free(self) -> bool:
        """Whether no request is under way: those of one connection are answered in their order."""
        return self.cycle is None or self.cycle.response_complete

    # what is received

    def data_received(self, data: bytes) -> None:
        if self.refused:
            self._drop(data)
            return
        heads, within, body = self._heads, self.within_head(), self._body_open
        self._head_bytes = self._head_bytes + len(data) if within else len(data)
        if body:
            self._body_wire += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._upgrade is not None and not self.refused:
                self._hand_over(*self._upgrade, data[upgrade.args[0] :])
                return
            noted.note("upgrade asked for", "the request is answered as HTTP/1.1")
        except httptools.HttpParserError:
            if not self.refused:
                self.refuse(refusals.MALFORMED)
        if self.refused:
            return
        if self._body_open:
            if body and self._body_wire > _MOST_OVERHEAD * self._body_bytes + 65_536:
                self.refuse(refusals.MALFORMED)
        elif self.within_head():
            self._in_head(began_here=body or heads != self._heads)

    def takes_upgrade(self, url: bytes, headers: Headers) -> bool:
        """Whether a request, which has been checked, becomes a WebSocket: where no other is under way before it."""
        if self.parser.should_upgrade() and self.free() and asks_for_socket(self.parser.get_method(), url, headers):
            self._upgrade = (url, headers)
        return self._upgrade is not None

    def _hand_over(self, url: bytes, headers: Headers, rest: bytes) -> None:
        """From here on the connection is a WebSocket's. It counts as before, and so does the client behind a proxy."""
        self._unset_keepalive_if_required()
        self.connections.discard(self)
        socket = GuardedSocket(self.config, self.server_state, self.app_state, self.front, self.peer)
        self.counted, socket.counted = False, self.counted
        socket.clients, self._clients = self._clients, deque()
        self.transport.set_protocol(socket)
        socket.connection_made(self.transport)
        socket.data_received(handshake(url, headers) + rest)

    def within_head(self) -> bool:
        """Whether a part of a request's head has been received, beyond the first letters of its method."""
        return not self._body_open and bool(self.url or self.headers)

    def _in_head(self, *, began_here: bool) -> None:
        """Bound a head of which only a part has been received."""
        if not self._head_since:
            self._head_since = self.loop.time()
        if began_here:  # of this piece of data, an unknown part is the head's
            self._head_bytes, self._inexact = _size(self.url, self.headers), True
        if len(self.headers) > limits.MOST_HEADERS:
            self.refuse(refusals.TOO_MANY_HEADERS)
        elif not self.headers and len(self.url) > limits.MOST_TARGET:
            self.refuse(refusals.TARGET_TOO_LONG)
        elif self._head_bytes > limits.MOST_HEAD:
            self.refuse(refusals.HEAD_TOO_LARGE)

    def check_head(self, url: bytes, headers: Headers) -> None:
        """Raise if a head, which is whole, is too large. Called for every request, so the usual one costs no sum."""
        self._heads += 1
        if self._head_since:
            self._head_since = 0.0
        if self._head_bytes <= limits.MOST_TARGET and not self._inexact and len(headers) <= limits.MOST_HEADERS:
            return
        self._inexact = False
        if len(url) > limits.MOST_TARGET:
            self._stop(refusals.TARGET_TOO_LONG, url, headers)
        if len(headers) > limits.MOST_HEADERS:
            self._stop(refusals.TOO_MANY_HEADERS, url, headers)
        if _size(url, headers) > limits.MOST_HEAD:
            self._stop(refusals.HEAD_TOO_LARGE, url, headers)

    def check_request(self, url: bytes, headers: Headers) -> None:
        """Raise if an application must not get a request with this head; else get ready for its body."""
        hosts = sum(name == b"host" for name, _ in headers)
        if hosts > 1 or (not hosts and self.parser.get_http_version() == "1.1"):
            self._stop(refusals.NO_HOST, url, headers)
        if len(self.pipeline) >= limits.MOST_PIPELINED:
            self._stop(refusals.MALFORMED, url, headers)
        if url.startswith(b"/live/"):
            # The edge answers what is too large, so that the lab's page shows it; here is the end of what it leaves.
            self._body_most, self._budget = limits.MOST_LIVE_BODY + 65_536, self.front.live_bodies
        else:
            few = self.parser.get_method() in (b"GET", b"HEAD")
            self._body_most = limits.MOST_BODY_OF_GET if few else self.front.limits.body
            self._budget = self.front.bodies
            if any(name == b"content-length" and _number(value) > self._body_most for name, value in headers):
                self._stop(refusals.BODY_TOO_LARGE, url, headers)
        client = forwarded_client(self.client[0] if self.client else None, headers)
        if client is not None and not self.front.begin(client):
            self._stop(refusals.TOO_MANY_REQUESTS_OF_ONE, url, headers)
        self._clients.append(client)

    def _end_request(self) -> None:
        client = self._clients.popleft() if self._clients else None
        if client is not None:
            self.front.end(client)

    def body_begins(self) -> None:
        """Count and time what follows the head that was just handed over."""
        self._body_open, self._body_since = True, self.loop.time()
        self._body_bytes = self._body_wire = 0

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > self._body_most:
            self._stop(refusals.BODY_TOO_LARGE)
        if not self.cycle.response_complete:
            if not self._budget.take(len(body)):
                self._stop(refusals.BODIES_FULL)
            self._held[self._budget] = self._held.get(self._budget, 0) + len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._body_open = False
        if self._upgrade is None:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        self.answered_at = self.loop.time()
        self._end_request()
        if self.cycle.response_complete:  # and not another that waited behind it
            self._give_back()
        super().on_response_complete()

    def _give_back(self) -> None:
        for budget, size in self._held.items():
            budget.give_back(size)
        self._held.clear()

    # refusals

    def _stop(self, refusal: Refusal, url: bytes = b"", headers: Headers | None = None) -> None:
        self.refuse(refusal, url, headers)
        raise _Stop

    def refuse(self, refusal: Refusal, url: bytes = b"", headers: Headers | None = None) -> None:
        """Answer and close; where an earlier request of the connection is under way, only that is still answered."""
        noted.note(refusal.kind, f"answered {refusal.status}")
        self.refused, self.between = True, False
        in_body, self._body_open = self._body_open, False
        self._give_back()
        if self.transport.is_closing():
            return
        if not self.free():
            if not in_body:
                self.cycle.keep_alive = False
                return
            if self.cycle.response_started or self.pipeline:
                self.transport.abort()
                return
            url, headers = self.cycle.scope["path"].encode(errors="replace"), list(self.cycle.scope["headers"])
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        elif in_body:  # it was answered before it was complete
            self.transport.close()
            return
        known = self.headers if headers is None else headers
        context = context_of_request(self.client, known)
        answer = refusals.message(
            refusal, self.server_state.default_headers, url or self.url, known, context.request_id
        )
        self.transport.write(answer)
        request_answered(REFUSED, refusal.status, None)
        path = (url or self.url).partition(b"?")[0].decode("latin-1")
        access.log(context, REFUSED, "-", path, refusal.status, len(answer), 0.0)
        self.url, self.headers = b"", []
        self._linger_until = self.loop.time() + limits.LINGER_SECONDS
        if self.transport.can_write_eof():
            self.flow.resume_reading()
            self.transport.write_eof()
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self.refuse(refusals.MALFORMED)

    def _drop(self, data: bytes) -> None:
        self._lingered += len(data)
        if self._lingered > limits.MOST_LINGERED:
            self.transport.abort()

    # times

    def gives_way(self, now: float) -> tuple[int, float] | None:
        """When the connection may be closed for a new one: 0 and since when it is idle, 1 and since when it sends a
        head; None while it must stay."""
        if self.refused or self.transport.is_closing() or not self.free() or self._body_open:
            return None
        if self.transport.get_write_buffer_size():
            return None
        if not self.within_head():
            return 0, self.answered_at
        return (1, self._head_since) if self._head_since and now - self._head_since > _YOUNG_SECONDS else None

    def give_way(self) -> None:
        self.transport.close()

    def look(self, now: float) -> None:
        """Close what has had its time. Called about once a second."""
        if self._linger_until:
            if now > self._linger_until:
                self.transport.abort()
        elif self.transport.get_write_buffer_size():
            self._look_at_answer(now)
        elif self._body_open:
            self._stalled_at = 0.0
            self._look_at_body(now)
        elif self._head_since:
            if now - self._head_since > self.front.limits.head_seconds:
                self.refuse(refusals.SLOW_HEAD)
        elif self.free() and now - self.answered_at > self.front.limits.idle_seconds:
            self.transport.close()

    def _look_at_answer(self, now: float) -> None:
        unsent = self.transport.get_write_buffer_size()
        if not self._stalled_at or unsent <= self._unsent - limits.LEAST_WRITTEN:
            self._stalled_at, self._unsent = now, unsent
        elif now - self._stalled_at > self.front.limits.write_seconds:
            noted.note("slow reader", "the connection was cut")
            self.transport.abort()

    def _look_at_body(self, now: float) -> None:
        if self.flow.read_paused:
            self._body_since = now  # it is the application that does not read
            return
        taken, given = now - self._body_since, self.front.limits.body_seconds
        if taken > 12 * given or self._body_bytes < limits.LEAST_BODY_RATE * (taken - given):
            self.refuse(refusals.SLOW_BODY)


def _size(url: bytes, headers: Headers) -> int:
    """Bytes of a head, with what separates its parts."""
    return len(url) + 16 + sum(len(name) + len(value) + 4 for name, value in headers)


def _number(value: bytes) -> int:
    return int(value) if value.isdigit() and len(value) < 20 else 0
