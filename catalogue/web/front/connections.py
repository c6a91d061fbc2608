"""Who stays connected: connections are counted by process and by client address, and looked over once a second.

A connection that waits for a request makes room for a new one, the longest-idle first; then one whose request head
is slow to arrive. Where the peer is one of TRUSTED_PROXIES, or this machine itself, many clients may share its
address, so only the process's limit counts for its connections. A proxy's requests that are under way count for the
client that it names: each of them keeps one connection busy, so the limit is the same number.
"""

import asyncio
import heapq
from collections import Counter
from functools import lru_cache
from typing import Protocol, cast
from weakref import WeakKeyDictionary

from django.conf import settings
from uvicorn.server import ServerState

from catalogue.web.client_address import client_address, client_network, is_trusted, parse_address
from catalogue.web.front import descriptors
from catalogue.web.front.bodies import BodyBudget
from catalogue.web.front.limits import Limits
from catalogue.web.front.periodic import noted
from catalogue.web.front.refusals import FULL, TOO_MANY_OF_ONE, Headers, Refusal

_AT_ONCE = 50
"""One fiftieth of the connections is closed at a time, so that not every new one looks through all."""
_LOOK_AGAIN = 0.05
"""Seconds in which no room is looked for again after none was found."""


class Connection(Protocol):
    """What the register needs to know of a connection."""

    peer: str | None
    """Whose it is, as `counted_peer` tells it; None if it counts for no one."""
    counted: bool

    def gives_way(self, now: float) -> tuple[int, float] | None:
        """Its place in the order in which connections are closed for new ones; None if it must not be closed."""

    def give_way(self) -> None: ...
    def look(self, now: float) -> None: ...


class Connections:
    """The connections of one server. Belongs to one event loop."""

    def __init__(self, server_state: ServerState, loop: asyncio.AbstractEventLoop) -> None:
        self.limits = Limits.of_settings()
        self.most = min(self.limits.connections, descriptors.shares().connections)
        self.bodies = BodyBudget(self.limits.bodies)
        self.live_bodies = BodyBudget(self.limits.live_bodies)
        # uvicorn keeps this set, and shuts down what is in it.
        self._all = cast("set[Connection]", server_state.connections)
        self._loop = loop
        self._open = 0
        self._by_peer: Counter[str] = Counter()
        self._under_way: Counter[str] = Counter()
        self._none_before = 0.0
        self._period = min(1.0, self.limits.head_seconds / 4, self.limits.idle_seconds / 4)
        self._watch: asyncio.TimerHandle | None = None

    def admit(self, connection: Connection) -> Refusal | None:
        """Count a new connection, and say why it may not stay."""
        connection.counted = True
        self._open += 1
        if self._watch is None:
            self._watch = self._loop.call_later(self._period, self._look)
        peer = connection.peer
        if peer is not None:
            self._by_peer[peer] += 1
            most = self.limits.connections_per_address
            if self._by_peer[peer] > most and not self._make_room(connection, max(1, most // _AT_ONCE), peer):
                return TOO_MANY_OF_ONE
        if self._open > self.most and not self._make_room(connection, max(1, self.most // _AT_ONCE)):
            return FULL
        return None

    def leave(self, connection: Connection) -> None:
        """Count a connection no more; doing it twice changes nothing."""
        if not connection.counted:
            return
        connection.counted = False
        self._open -= 1
        if connection.peer is not None:
            self._by_peer[connection.peer] -= 1
            if not self._by_peer[connection.peer]:
                del self._by_peer[connection.peer]

    def begin(self, client: str) -> bool:
        """Count a request that a proxy passes on for `client`; False if the client has as many as it may have."""
        if self._under_way[client] >= self.limits.connections_per_address:
            return False
        self._under_way[client] += 1
        return True

    def end(self, client: str) -> None:
        """Count a request no more."""
        self._under_way[client] -= 1
        if not self._under_way[client]:
            del self._under_way[client]

    def _make_room(self, newest: Connection, wanted: int, peer: str | None = None) -> bool:
        now = self._loop.time()
        if now < self._none_before and peer is None:
            return False
        waiting = [
            (place, number, one)
            for number, one in enumerate(self._all)
            if one is not newest and one.counted and peer in (None, one.peer)
            if (place := one.gives_way(now)) is not None
        ]
        if not waiting:
            if peer is None:
                self._none_before = now + _LOOK_AGAIN
            return False
        for _, _, one in heapq.nsmallest(wanted, waiting):
            self.leave(one)
            one.give_way()
            noted.note(
                "connections closed to make room",
                f"{self.most} connections are open, the most of this process"
                if peer is None
                else "one client has as many connections as it may have",
            )
        return True

    def _look(self) -> None:
        """Every connection's times are checked by one timer: one for each would slow down the kept pages."""
        self._watch = None
        now = self._loop.time()
        for connection in list(self._all):
            connection.look(now)
        if self._all:
            self._watch = self._loop.call_later(self._period, self._look)


_registers: "WeakKeyDictionary[ServerState, Connections]" = WeakKeyDictionary()


def connections_of(server_state: ServerState, loop: asyncio.AbstractEventLoop) -> Connections:
    """The register of a server, made with its first connection."""
    register = _registers.get(server_state)
    if register is None:
        register = _registers[server_state] = Connections(server_state, loop)
    return register


def counted_peer(host: str | None) -> str | None:
    """The client network that a peer's connections count for; None for a trusted proxy and for this machine."""
    return _counted_peer(host, tuple(settings.TRUSTED_PROXIES)) if host else None


def forwarded_client(host: str | None, headers: Headers) -> str | None:
    """The client network that a trusted proxy passes a request on for; None if the peer is none, or names no client.

    `headers` have names in lower case.
    """
    if not host or not settings.TRUSTED_PROXIES:
        return None
    named = b",".join(value for name, value in headers if name == b"x-forwarded-for")
    if not named:
        return None
    # The peer is the client's address itself where no proxy is believed, and is counted as such already.
    address = client_address({"REMOTE_ADDR": host, "HTTP_X_FORWARDED_FOR": named.decode("latin-1")})
    if address is None or address == parse_address(host) or is_trusted(address, settings.TRUSTED_PROXIES):
        return None
    return client_network({"REMOTE_ADDR": str(address)})


@lru_cache(maxsize=4096)
def _counted_peer(host: str, proxies: tuple[str, ...]) -> str | None:
    address = parse_address(host)
    if address is None or is_trusted(address, proxies) or str(address) in ("127.0.0.1", "::1"):
        return None
    return client_network({"REMOTE_ADDR": host})
