"""Ports for servers that tests start, of which a server can be sure though it listens only seconds later.

A port that the system gives (a bind to port 0) is soon given to another process that asks. So these are below the
system's own range (32768 and up on Linux), and each worker of the suite has its own.
"""

import os
import random
import re
import socket
from collections.abc import Iterator
from itertools import cycle

_FIRST, _EACH = 12_000, 2_000
_WORKERS = 10


def _ports() -> Iterator[int]:
    """This worker's, in turn, from any place on: another run of the suite may use the same ones on this machine."""
    worker = int((re.findall(r"\d+", os.environ.get("PYTEST_XDIST_WORKER", "")) or [0])[0]) % _WORKERS
    first = _FIRST + worker * _EACH
    begin = random.SystemRandom().randrange(_EACH)
    return cycle([first + (begin + number) % _EACH for number in range(_EACH)])


_next = _ports()


def free_port() -> int:
    """A port that nothing listens on, and that no other caller gets soon."""
    for port in _next:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("unreachable")
