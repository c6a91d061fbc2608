"""How a web process divides its file descriptors: none may run out because of another's use."""

import os
import resource
from dataclasses import dataclass
from functools import cache

from django.conf import settings

_MOST = 65_536
_ALWAYS = 16
"""Descriptors that nothing here plans with."""


@dataclass(frozen=True)
class Shares:
    """Upper limits that fit into a process's descriptors together."""

    connections: int
    """Of clients."""
    upstream: int
    """Of the labs' edge to the AWS behind it, for requests."""
    sockets: int
    """WebSockets of labs. Each takes one of these to the AWS behind it, and one of `connections` to its client."""
    django: int
    """Requests that Django works on at once. Each may hold a database connection: three descriptors with SQLite."""


def divided(limit: int, in_use: int, connections: int) -> Shares:
    """The shares of a process that may open `limit` descriptors and has `in_use` open when it starts.

    Half of the rest goes to clients, an eighth to the emulator, a quarter to Django, a sixteenth to WebSockets; a
    sixteenth stays free.
    """
    free = max(limit - in_use - _ALWAYS, 32)
    return Shares(
        connections=min(connections, free // 2),
        upstream=min(200, free // 8),
        sockets=min(200, free // 16),
        django=min(200, free // 12),
    )


@cache
def shares() -> Shares:
    """Those of this process, whose soft limit is first raised to its hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    limit = _MOST if soft == resource.RLIM_INFINITY else soft
    return divided(limit, _open_now(), settings.HTTP_CONNECTIONS)


def _open_now() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  (only a count is wanted)
    except OSError:
        return 64
