"""nginx and Caddy with the example configurations do before the site what docs/operations.md says."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request, TextMessage

from tests.processes.ops.fronts import HEAD_SECONDS, NAME, Front, ask, connect, running_caddy, running_nginx

TOKEN = "c3VwZXJzZWNyZXQ6dG9rZW4"


class StandIn(BaseHTTPRequestHandler):
    """Answers what it was asked, as JSON; an event stream under /labs/; 503 while it is draining."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    draining = False

    def do_GET(self) -> None:
        if self.headers.get("Upgrade") == "websocket" and "upgrade" in self.headers["Connection"].lower():
            self._echo()
        elif self.draining:
            self._send(503, b"draining")
        elif self.path.endswith("/events"):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"data: first\n\n")
            self.wfile.flush()
            self.server.held.wait(20)  # type: ignore[attr-defined]
            self.close_connection = True
        else:
            size = int(self.headers.get("Content-Length") or 0)
            if self.headers.get("Transfer-Encoding"):
                while length := int(self.rfile.readline(), 16):
                    self.rfile.read(length + 2)
                    size += length
                self.rfile.readline()
            else:
                self.rfile.read(size)
            said = {"path": self.path, "size": size, "headers": {k.lower(): v for k, v in self.headers.items()}}
            self._send(200, json.dumps(said).encode())

    do_POST = do_GET

    def _echo(self) -> None:
        """A WebSocket on which the first message comes back."""
        ws = WSConnection(ConnectionType.SERVER)
        fields = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        ws.receive_data(f"GET {self.path} HTTP/1.1\r\n{fields}\r\n".encode())
        next(ws.events())
        self.connection.sendall(ws.send(AcceptConnection()))
        ws.receive_data(self.connection.recv(65536))
        self.connection.sendall(ws.send(next(ws.events())))
        self.close_connection = True

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def stand_in(handler: type[StandIn]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.held = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class First(StandIn):
    pass


class Second(StandIn):
    pass


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def front(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    servers = stand_in(First), stand_in(Second)
    ports = servers[0].server_address[1], servers[1].server_address[1]
    running = running_nginx if request.param == "nginx" else running_caddy
    try:
        with running(folder, ports) as started:
            yield started
    finally:
        for server in servers:
            server.held.set()  # type: ignore[attr-defined]
            server.shutdown()
            server.server_close()


def test_plain_http_is_sent_to_https(front: Front) -> None:
    answer = httpx.get(f"http://127.0.0.1:{front.http}/patterns/?level=200", headers={"Host": NAME}, timeout=30)
    assert answer.status_code in (301, 308)
    assert answer.headers["Location"].startswith("https://")
    assert answer.headers["Location"].endswith("/patterns/?level=200")


def test_the_site_learns_the_clients_address_and_a_forged_one_is_dropped(front: Front) -> None:
    status, said = ask(front, "GET", "/", {"X-Forwarded-For": "203.0.113.7", "X-Request-ID": "forged"})
    headers = json.loads(said)["headers"]
    assert status == 200
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"
    assert headers["host"] == NAME
    assert headers["x-request-id"] not in ("", "forged")


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/newsletter/subscribe", 900_000, 200),
        ("/newsletter/subscribe", 1_200_000, 413),
        ("/live/abcdefgh/orders", 9_000_000, 200),
        ("/live/abcdefgh/orders", 11_000_000, 413),
    ],
)
def test_bodies_are_bounded_and_a_labs_endpoint_takes_ten_megabytes(
    front: Front, path: str, size: int, status: int
) -> None:
    answered, said = ask(front, "POST", path, body=b"x" * size)
    assert answered == status
    if status == 200:
        assert json.loads(said)["size"] == size


def test_heads_are_bounded(front: Front) -> None:
    assert ask(front, "GET", "/", {"X-Large": "x" * 7_000})[0] == 200
    assert ask(front, "GET", "/", {f"X-Large-{n}": "x" * 7_000 for n in range(20)})[0] in (400, 431)


def test_a_head_that_does_not_end_is_hung_up_on(front: Front) -> None:
    with connect(front) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: patterns.example\r\nX-Slow: ")
        started = time.monotonic()
        connection.settimeout(HEAD_SECONDS + 15)
        assert b" 200 " not in connection.recv(1000)
        assert time.monotonic() - started < HEAD_SECONDS + 10


def test_the_access_log_holds_no_secret(front: Front) -> None:
    for path in (
        f"/newsletter/confirm/{TOKEN}",
        f"/newsletter/unsubscribe/{TOKEN}",
        f"/newsletter/preferences/{TOKEN}?x=1",
        f"/runs/{TOKEN}/",
        f"/live/{TOKEN}/orders/17",
        f"/labs/{TOKEN}",
    ):
        ask(front, "GET", path, {"Authorization": f"Bearer {TOKEN}", "Cookie": f"labs_owner={TOKEN}"})
    deadline = time.monotonic() + 10
    while "/labs/c3Vw***" not in front.logged():
        assert time.monotonic() < deadline, front.logged()
        time.sleep(0.05)
    assert TOKEN not in front.logged()
    assert "/newsletter/confirm/***" in front.logged()


def test_an_event_reaches_the_browser_as_soon_as_it_is_sent(front: Front) -> None:
    with connect(front) as connection:
        connection.sendall(f"GET /labs/abcdefgh/events HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
        connection.settimeout(15)
        received = b""
        while b"data: first" not in received:
            chunk = connection.recv(1000)
            assert chunk, received
            received += chunk


def test_a_websocket_to_a_lab_is_passed_on(front: Front) -> None:
    ws = WSConnection(ConnectionType.CLIENT)
    with connect(front) as connection:
        connection.sendall(ws.send(Request(host=NAME, target="/live/abcdefgh/")))
        ws.receive_data(connection.recv(65536))
        assert isinstance(next(ws.events()), AcceptConnection)
        connection.sendall(ws.send(TextMessage(data="hello")))
        ws.receive_data(connection.recv(65536))
        assert next(ws.events()) == TextMessage(data="hello")


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_what_is_for_the_monitoring_is_not_there_for_others(front: Front, path: str) -> None:
    assert ask(front, "GET", path)[0] == 404


# Caddy passes over an instance that refuses connections, and gives a 503 to the visitor.
@pytest.mark.parametrize("front", ["nginx"], indirect=True)
def test_an_instance_that_is_gone_or_draining_is_passed_over(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(First, "draining", True)
    assert {ask(front, "GET", "/")[0] for _ in range(6)} == {200}


# Caddy has no rate limit of its own: there the site's limits hold alone.
@pytest.mark.parametrize("front", ["nginx"], indirect=True)
def test_one_client_cannot_take_all_there_is(front: Front) -> None:
    with connect(front) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode() * 400)
        connection.settimeout(20)
        received = b""
        while b" 429 " not in received:
            chunk = connection.recv(65536)
            assert chunk, "all 400 were served"
            received += chunk
    assert received.count(b"HTTP/1.1 200 ") >= 100, "a reader's browser never gets there"
