"""A stranger goes past every limit of the web server, and gets an answer that says so; everybody else is served."""

import json
import re
import select
import socket
import time

import pytest

from catalogue.web.front import limits
from tests.support.waiting import await_true
from tests.web.front.conftest import PROXY, Front, get, read, status

CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
POST = get("/newsletter/subscribe", "Transfer-Encoding: chunked", method="POST")


@pytest.mark.parametrize("target", ["/healthz", "/newsletter/subscribe", "/nowhere"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_chunked_body_is_refused_before_it_is_spooled(front: Front, target: str, method: str) -> None:
    before = front.memory()
    received = front.ask(get(target, "Transfer-Encoding: chunked", method=method), *[CHUNK] * 480)  # 30 MB
    # /healthz reads no body: it answers 405 to a POST as soon as it has the head.
    assert status(received) in ({405, 413} if target == "/healthz" else {413})
    assert front.memory() - before < 30
    assert list(front.temporary.iterdir()) == []


def test_a_declared_body_is_refused_before_it_is_sent(front: Front) -> None:
    received = front.ask(get("/newsletter/subscribe", "Content-Length: 100000000", close=False, method="POST"))
    assert status(received) == 413


@pytest.mark.parametrize(("size", "expected"), [(1_000_000, 403), (1_000_001, 413)])
def test_a_body_may_be_as_large_as_django_takes(front: Front, size: int, expected: int) -> None:
    headers = [f"Content-Length: {size}", "Content-Type: text/plain", "Origin: https://elsewhere.example"]
    headers.append("Accept: application/json")
    received = front.ask(get("/newsletter/subscribe", *headers, method="POST"), b"x" * size)
    assert status(received) == expected


@pytest.mark.parametrize(("size", "expected"), [(limits.MOST_BODY_OF_GET, 200), (limits.MOST_BODY_OF_GET + 1, 413)])
def test_a_get_may_have_a_small_body(front: Front, size: int, expected: int) -> None:
    # Django reads a body before it answers; /healthz may answer before it is whole.
    assert status(front.ask(get("/robots.txt", f"Content-Length: {size}"), b"x" * size)) == expected
    pieces = b"1\r\nx\r\n" * size + b"0\r\n\r\n"
    assert status(front.ask(get("/robots.txt", "Transfer-Encoding: chunked"), pieces)) == expected


def test_a_body_to_a_lab_ends_at_the_limit_of_api_gateway(front: Front) -> None:
    received = front.ask(get("/live/none/x", "Transfer-Encoding: chunked", close=False, method="POST"), *[CHUNK] * 480)
    assert status(received) == 404  # no such lab is said at once, and the connection ends within the body
    assert received.count(b"HTTP/1.1") == 1


def test_a_head_without_end_is_refused_and_not_kept(front: Front) -> None:
    before = front.memory()
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 60_000) for number in range(10))
    assert status(front.ask(get("/healthz")[:-2], *[lines] * 50)) == 431  # 30 MB
    assert status(front.ask(get("/healthz")[:-2], b"X-One: ", *[b"x" * 60_000] * 500)) == 431
    assert status(front.ask(b"GET /", *[b"x" * 60_000] * 500)) == 414
    assert front.memory() - before < 30


@pytest.mark.parametrize(("length", "expected"), [(limits.MOST_TARGET, 200), (limits.MOST_TARGET + 1, 414)])
@pytest.mark.parametrize("pieces", [1, 3])
def test_a_target_may_have_8_kib(front: Front, length: int, expected: int, pieces: int) -> None:
    target = "/healthz?" + "x" * (length - 9)
    assert status(front.ask(*_cut(get(target), pieces))) == expected


@pytest.mark.parametrize(("lines", "expected"), [(limits.MOST_HEADERS, 200), (limits.MOST_HEADERS + 1, 431)])
@pytest.mark.parametrize("pieces", [1, 3])
def test_a_head_may_have_a_hundred_lines(front: Front, lines: int, expected: int, pieces: int) -> None:
    request = get("/healthz", *["X: y"] * (lines - 2))
    assert status(front.ask(*_cut(request, pieces))) == expected


@pytest.mark.parametrize(("more", "expected"), [(0, 200), (1, 431)])
@pytest.mark.parametrize("before", [b"", get("/healthz", close=False)])
def test_a_head_may_have_32_kib(front: Front, more: int, expected: int, before: bytes) -> None:
    """Counted as target, names and values, four bytes for what is between and sixteen for the first line."""
    pairs = [("Host", "patterns.example"), ("Connection", "close"), ("X", "")]
    room = limits.MOST_HEAD - 16 - len("/healthz") - sum(len(name) + len(value) + 4 for name, value in pairs)
    received = front.ask(before + get("/healthz", "X: " + "x" * (room + more)))
    found = [int(one) for one in re.findall(rb"HTTP/1.1 (\d+)", received)]
    # Where an earlier request is still under way, that one is answered and the connection then closed.
    assert found == ([200, 200] if expected == 200 else [200]) if before else [expected]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /live/x/ HTTP/1.1\r\n\r\n", 400),
        (get("/healthz", "Host: patterns.example"), 400),
        (get("/live/x/", "Host: patterns.example"), 400),
        (get("/healthz"), 200),
    ],
)
def test_http_1_1_asks_for_exactly_one_host(front: Front, request_: bytes, expected: int) -> None:
    assert status(front.ask(request_)) == expected


def test_a_refusal_has_the_format_that_was_asked_for(front: Front) -> None:
    too_long = "/" + "x" * 9000
    page = front.ask(get(too_long, "Accept: text/html,*/*;q=0.8"))
    assert b"\r\ncontent-type: text/html" in page
    assert b"<title>414 URI Too Long \xc2\xb7 Serverless Patterns</title>" in page
    assert b"\r\npermissions-policy: camera=()" in page
    for accept in ("application/json", "*/*"):
        head, _, body = front.ask(get(too_long, f"Accept: {accept}")).partition(b"\r\n\r\n")
        assert b"\r\ncontent-type: application/problem+json" in head
        assert b"\r\nconnection: close" in head
        assert json.loads(body)["status"] == 414


def test_what_is_refused_is_logged_once_a_period(front: Front) -> None:
    for _ in range(20):
        assert status(front.ask(b"nonsense\r\n\r\n")) == 400
        assert status(front.ask(get("/healthz", "Upgrade: websocket", "Connection: upgrade"))) == 200
    assert front.logged("malformed request") == 1
    assert "Invalid HTTP request" not in front.log.read_text()
    assert "Unsupported upgrade" not in front.log.read_text()


def test_clients_that_send_a_head_byte_by_byte_are_answered_and_closed(front: Front) -> None:
    clients = [front.connect() for _ in range(60)]
    closed: set[socket.socket] = set()
    request = iter(get("/healthz") * 100)
    started = time.monotonic()

    def all_closed() -> bool:
        byte = bytes([next(request)])
        for client in clients:
            try:
                client.sendall(byte)
            except OSError:
                closed.add(client)
        return len(closed) == len(clients)

    # Their heads end within the first bytes only if they are sent quickly: two seconds are less than 64 turns.
    for _ in range(20):
        all_closed()
    await_true(lambda: all(_answered(client) == 408 for client in clients if client not in closed), 60)
    assert time.monotonic() - started > 1
    assert front.logged("slow request head") == 1
    for client in clients:
        client.close()


def test_a_body_that_comes_too_slowly_is_answered_and_closed(front: Front) -> None:
    with front.connect() as client:
        client.sendall(get("/newsletter/subscribe", "Content-Length: 1000", method="POST") + b"x" * 10)
        assert status(read(client)) == 408


def test_a_body_that_trickles_is_answered_and_closed(front: Front) -> None:
    with front.connect() as client:
        client.sendall(get("/newsletter/subscribe", "Content-Length: 1000", method="POST"))
        sent = 0
        while not select.select([client], [], [], 1)[0]:  # a byte a second until there is an answer
            client.sendall(b"x")
            sent += 1
            assert sent < 30, "HTTP_BODY_SECONDS is 6"
        assert sent >= 1, "it had begun to arrive"
        assert status(read(client)) == 408


def test_an_idle_connection_is_closed_without_an_answer(front: Front) -> None:
    with front.connect() as silent, front.connect() as served:
        served.sendall(get("/healthz", close=False))
        assert read(silent) == b""
        assert read(served).count(b"HTTP/1.1 200") == 1


def test_a_client_that_does_not_read_its_answers_is_cut(front: Front) -> None:
    with socket.socket() as greedy:
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        greedy.settimeout(30)
        greedy.connect(("127.0.0.1", front.port))
        greedy.sendall(get("/openapi.json", close=False) * 30)
        await_true(lambda: front.logged("slow reader") == 1, 30)


def test_bodies_under_way_together_have_a_limit(front: Front) -> None:
    head = get("/newsletter/subscribe", "Content-Length: 700000", method="POST")
    with front.connect() as first, front.connect() as second:
        first.sendall(head + b"x" * 600_000)
        await_true(lambda: _queued(first) == 0, 10)
        second.sendall(head + b"x" * 600_000)
        received = read(second)
        assert status(received) == 503
        assert b"\r\nretry-after: 5\r\n" in received
        first.sendall(b"x" * 100_000)
        assert status(read(first)) != 503
    refused = status(front.ask(head, b"x" * 700_000))
    assert refused != 503, "what is over is given back"


def test_a_client_has_so_many_connections_and_its_idle_ones_make_room(front: Front) -> None:
    clients = [front.connect("127.0.0.2") for _ in range(10)]
    for client in clients:
        client.sendall(get("/healthz", close=False))
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
    assert status(front.ask(get("/healthz"), source="127.0.0.2")) == 200
    read(clients[0])  # to its end: the one idle longest has made room
    assert front.logged("connections closed to make room") == 1
    for client in clients:
        client.close()

    answers: list[bytes] = []

    def crowded() -> bool:
        """Whether the eleventh is refused while ten have a head under way. Older heads give way."""
        crowd = [front.connect("127.0.0.2") for _ in range(10)]
        for client in crowd:
            client.sendall(b"POST / HT")
        answers.append(front.ask(get("/healthz"), source="127.0.0.2"))
        for client in crowd:
            client.close()
        return answers[-1].startswith(b"HTTP/1.1 429")

    await_true(crowded, 60)
    assert b"\r\nretry-after: 5\r\n" in answers[-1]
    assert status(front.ask(get("/healthz"), source="127.0.0.3")) == 200


def test_what_connects_from_this_machine_may_be_a_proxy_and_is_not_one_client(front: Front) -> None:
    clients = [front.connect() for _ in range(30)]
    for client in clients:
        client.sendall(get("/healthz", close=False))
    assert all(client.recv(65536).startswith(b"HTTP/1.1 200") for client in clients)
    for client in clients:
        client.close()


def test_a_client_behind_a_proxy_has_so_many_requests_under_way(front: Front) -> None:
    def begin(forwarded: str) -> socket.socket:
        """A request that a proxy passes on, whose body is not yet whole."""
        request = get("/newsletter/subscribe", f"X-Forwarded-For: {forwarded}", "Content-Length: 5000", method="POST")
        connection = front.connect(PROXY)
        connection.sendall(request + b"x" * 4000)
        return connection

    def once(forwarded: str) -> bytes:
        return front.ask(get("/healthz", f"X-Forwarded-For: {forwarded}"), source=PROXY)

    # What the client wrote itself comes first in the header, and a second proxy may follow.
    under_way = [begin(f"198.51.100.{number}, 203.0.113.9, 127.0.0.10") for number in range(10)]
    await_true(lambda: status(once("203.0.113.9")) == 429, 5)
    refused = once("203.0.113.9")
    assert b"\r\nretry-after: 5\r\n" in refused
    assert status(once("203.0.113.10")) == 200, "another client of the same proxy"
    assert status(front.ask(get("/healthz"), source=PROXY)) == 200, "the proxy itself"
    under_way[0].sendall(b"x" * 1000)
    assert status(read(under_way[0])) not in (408, 429)
    assert status(once("203.0.113.9")) == 200, "an answered request counts no more"
    for connection in under_way:
        connection.close()
    under_way = [begin("203.0.113.9") for _ in range(9)]
    assert status(once("203.0.113.9")) == 200, "nor does one whose connection has ended"
    for connection in under_way:
        connection.close()


def _cut(data: bytes, pieces: int) -> list[bytes]:
    length = -(-len(data) // pieces)
    return [data[start : start + length] for start in range(0, len(data), length)]


def _answered(client: socket.socket) -> int:
    """The status that has arrived, 0 before."""
    client.setblocking(False)
    try:
        received = client.recv(100, socket.MSG_PEEK)
    except BlockingIOError:
        return 0
    except ConnectionResetError:
        return 408
    return int(received[9:12]) if received else 408


def _queued(client: socket.socket) -> int:
    """Bytes that were sent and that the server has not yet received."""
    import fcntl
    import struct
    import termios

    return int(struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, b"\0" * 4))[0])
