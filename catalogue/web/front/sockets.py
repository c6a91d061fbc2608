"""A WebSocket's connection within the bounds that all connections have; only labs' endpoints have sockets.

uvicorn's protocol, over wsproto, reads frames and applies no compression, so that a message is as large as its bytes.
A connection that was counted as it arrived stays counted until it is lost. It gives way to no other: it is in use.
"""

from collections import deque
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from uvicorn.server import ServerState

from catalogue.web.front import limits
from catalogue.web.front.periodic import noted
from catalogue.web.front.refusals import Headers

_PATH = b"/live/"


class GuardedSocket(WSProtocol):
    """One WebSocket, from the request that asks for it."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], front: Any, peer: str | None
    ) -> None:
        super().__init__(config, server_state, app_state)
        self.front = front
        """The register of connections (`connections.Connections`)."""
        self.peer = peer
        self.counted = False
        self.clients: deque[str | None] = deque()
        """For whom a proxy passed on the request."""
        self._stalled_at = 0.0
        self._unsent = 0

    def connection_lost(self, exc: Exception | None) -> None:
        self.front.leave(self)
        while self.clients:
            client = self.clients.popleft()
            if client is not None:
                self.front.end(client)
        super().connection_lost(exc)

    def gives_way(self, now: float) -> tuple[int, float] | None:
        return None

    def give_way(self) -> None:
        self.transport.close()

    def look(self, now: float) -> None:
        """Cut a reader that takes too little of what it is sent. Called about once a second."""
        unsent = self.transport.get_write_buffer_size()
        if not unsent or not self._stalled_at or unsent <= self._unsent - limits.LEAST_WRITTEN:
            self._stalled_at, self._unsent = (now if unsent else 0.0), unsent
        elif now - self._stalled_at > self.front.limits.write_seconds:
            noted.note("slow reader", "the connection was cut")
            self.transport.abort()


def asks_for_socket(method: bytes, url: bytes, headers: Headers) -> bool:
    """Whether a request opens a WebSocket of a lab (RFC 6455, section 4.2.1). Names of `headers` are in lower case."""
    if method != b"GET" or not url.startswith(_PATH):
        return False
    return any(name == b"upgrade" and value.strip().lower() == b"websocket" for name, value in headers)


def handshake(url: bytes, headers: Headers) -> bytes:
    """The request's head as it came, for a parser of its own."""
    lines = [b"GET %s HTTP/1.1" % url, *(b"%s: %s" % pair for pair in headers), b"", b""]
    return b"\r\n".join(lines)
