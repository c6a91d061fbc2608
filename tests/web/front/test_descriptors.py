"""With few descriptors, idle connections of strangers keep nobody out."""

import socket
from contextlib import ExitStack
from pathlib import Path

from catalogue.web.front.descriptors import divided
from tests.web.front.conftest import Front, get, status


def test_the_shares_fit_into_the_descriptors_together() -> None:
    for limit in (256, 1024, 20_000):
        shares = divided(limit, 40, 4000)
        assert 40 + shares.connections + shares.upstream + 3 * shares.django < limit
        assert shares.connections >= 90
    assert divided(20_000, 40, 4000).connections == 4000


def test_with_256_descriptors_and_300_idle_connections_pages_are_served(tmp_path: Path) -> None:
    with Front(tmp_path, {}, descriptors=256).running() as front, ExitStack() as stack:
        idle: list[socket.socket] = []
        for _ in range(300):
            idle.append(stack.enter_context(front.connect()))
            if len(idle) % 50 == 0:
                assert [status(front.ask(get(path))) for path in ("/healthz", "/robots.txt")] == [200, 200]
        assert [status(front.ask(get("/healthz"))) for _ in range(20)] == [200] * 20
        assert idle[0].recv(1) == b"", "the oldest has made room"
        assert front.logged("connections closed to make room") == 1
