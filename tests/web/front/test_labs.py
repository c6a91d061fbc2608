"""What visitors of labs' endpoints may use up of a web process, and the headers of all its doors."""

import contextlib
import http.server
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.site import ROOT
from tests.support.waiting import await_true
from tests.web.front.conftest import Front, get, read, status

LAB = "ready-for-visitors"
LARGE = 6_000_000
TOKEN = "t" * 32
STREAMS = "patterns_streams"
MAKE_LAB = """
import datetime, sys, django; django.setup()
from django.utils import timezone
from catalogue.labs.models import Lab
now = timezone.now()
Lab.objects.create(
    id=sys.argv[2], owner="o", token_hash="t", pattern="function-as-a-web-service", content_hash="c", stack="s",
    boot_id="b", status="ready", created_at=now, used_at=now, ready_at=now,
    expires_at=now + datetime.timedelta(hours=1), endpoint=sys.argv[1], upstream=sys.argv[1],
)
"""


class _Aws(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"boot_id": "b"}' if self.path == "/_catalogue/boot" else b"x" * LARGE
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A web server that holds 11 MB of bodies of labs, and as much of answers, with one lab."""
    aws = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Aws)
    threading.Thread(target=aws.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{aws.server_address[1]}"
    low = {
        "EMBEDDED_AWS_URL": url,
        "HTTP_LIVE_BODIES_MB": "11",
        "HTTP_WRITE_SECONDS": "5",
        "HTTP_BODY_SECONDS": "10",
        "METRICS_TOKEN": TOKEN,
    }
    front = Front(tmp_path_factory.mktemp("busy"), low)
    front.migrate()
    settings = {**front._environment, "DJANGO_SETTINGS_MODULE": "catalogue.settings"}
    subprocess.run([sys.executable, "-c", MAKE_LAB, url, LAB], cwd=ROOT, env=settings, check=True, timeout=60)
    with front.running():
        yield front
    aws.shutdown()
    aws.server_close()


def test_bodies_to_labs_that_are_under_way_together_have_a_limit(busy: Front) -> None:
    head = get(f"/live/{LAB}/x", f"Content-Length: {LARGE + 1000}", method="POST")
    with busy.connect() as first, busy.connect() as second:
        first.sendall(head + b"x" * LARGE)
        second.sendall(head + b"x" * LARGE)
        received = read(second)
        assert status(received) == 503
        assert b"\r\nretry-after: 5\r\n" in received
        first.sendall(b"x" * 1000)
        assert status(read(first)) == 501, "it was passed on, and the stand-in knows no POST"
    assert status(busy.ask(head, b"x" * (LARGE + 1000))) == 501, "what is over is given back"


def test_large_answers_to_slow_readers_have_a_limit_and_those_are_cut(busy: Front) -> None:
    slow = []
    try:
        for _ in range(2):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(30)
            connection.connect(("127.0.0.1", busy.port))
            connection.sendall(get(f"/live/{LAB}/large", close=False))
            slow.append(connection)
            assert connection.recv(12) in (b"HTTP/1.1 200", b"HTTP/1.1 503")
        received = busy.ask(get(f"/live/{LAB}/large"))
        assert status(received) == 503
        assert b"\r\nretry-after: 5\r\n" in received
        assert status(busy.ask(get(f"/live/{LAB}/large", method="HEAD"))) != 503, "it has no body to hold"
        await_true(lambda: busy.logged("slow reader") >= 1, 30)
        await_true(lambda: status(busy.ask(get(f"/live/{LAB}/large"))) == 200, 30)
    finally:
        for connection in slow:
            connection.close()


def record_calls(front: Front, count: int) -> None:
    """Rows as another web process of the site writes them."""
    row = (LAB, "1-0-0", "GET", "/" + "x" * 299, 200, 1.0, time.time())
    with contextlib.closing(sqlite3.connect(front.database, timeout=30)) as database, database:
        database.executemany(
            "INSERT INTO labs_edgecall (lab_id, trace, method, path, status, ms, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [row] * count,
        )


def metric(front: Front, series: str) -> float:
    text = front.ask(get("/metrics", f"Authorization: Bearer {TOKEN}")).decode()
    return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"{series} ")), 0)


def read_a_call(front: Front) -> None:
    """Watch the lab until a call is told."""
    with front.connect() as reading:
        reading.sendall(get(f"/labs/{LAB}/events", close=False))
        received = b""
        while b"event: request" not in received:
            received += reading.recv(65536)


def test_event_streams_that_are_never_read_are_cut_and_hold_little_memory(busy: Front) -> None:
    record_calls(busy, 10)
    read_a_call(busy)  # so that what any stream needs is loaded
    before = busy.memory()
    with contextlib.ExitStack() as held:
        for _ in range(5):
            unread = held.enter_context(socket.socket())
            unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            unread.settimeout(30)
            unread.connect(("127.0.0.1", busy.port))
            unread.sendall(get(f"/labs/{LAB}/events", close=False))
            assert unread.recv(12) == b"HTTP/1.1 200"

        await_true(lambda: metric(busy, STREAMS) == 5, 60)

        def all_ended() -> bool:
            record_calls(busy, 2000)  # of half a KiB each
            return metric(busy, STREAMS) == 0

        # On a busy machine a stream may also end because its events are no longer kept (`Overrun`).
        await_true(all_ended, 60)
        assert busy.memory() - before < 40
        read_a_call(busy)


@pytest.mark.parametrize(
    "request_",
    [
        get("/healthz"),
        get("/healthz", method="DELETE"),
        get("/"),
        get("/nowhere"),
        get("/static/nothing.css"),
        get("/live/none/x"),
        get(f"/live/{LAB}/x"),
        b"GET / HTTP/1.1\r\n\r\n",
        get("/newsletter/subscribe", "Content-Length: 100000000", method="POST"),
    ],
)
def test_every_door_of_a_site_with_https_asks_for_https(busy: Front, request_: bytes) -> None:
    received = busy.ask(request_)
    head = received.partition(b"\r\n\r\n")[0].lower()
    assert head.count(b"\r\nstrict-transport-security: max-age=31536000") == 1, head
