"""However a connection's bytes are cut, and whatever was asked before: each request gets what it would get alone."""

import asyncio
import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.config import Config
from uvicorn.server import ServerState

from catalogue.pages.serving import protocol
from catalogue.pages.serving.page_cache import PageAnswer
from catalogue.web.front.guard import GuardedProtocol

PAGE = b"GET /kept HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br\r\n\r\n"
OTHER_PAGE = b"GET /kept HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
HEAD = PAGE.replace(b"GET", b"HEAD")
VIEW = b"GET /view HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /kept HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)
CHUNKED = b"POST /view HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (
    len(PAGE),
    PAGE,
)
CLOSING = PAGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


class Door:
    """Keeps one page."""

    def answer(self, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> PageAnswer | None:
        if path != "/kept" or method == "POST":
            return None
        body = dict(headers)[b"accept-encoding"] * 3
        return PageAnswer.of(200, [(b"content-length", b"%d" % len(body))], body)


class Wire:
    """The transport of a connection: what was written, until it was closed."""

    def __init__(self) -> None:
        self.sent = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.sent += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str) -> None:
        return None

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


async def site(scope: Any, receive: Any, send: Any) -> None:
    """As `catalogue.asgi`: the front door once more, and behind it a view, which says what it was asked."""
    kept = Door().answer(scope["method"], scope["path"], b"", scope["headers"])
    if kept is not None:
        await send({"type": "http.response.start", "status": kept.status, "headers": kept.headers})
        await send({"type": "http.response.body", "body": kept.body})
        return
    length, more = 0, True
    while more:
        event = await receive()
        length += len(event["body"])
        more = event["more_body"]
    body = f"{scope['method']} {scope['path']} {length}".encode()
    await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


class Connection:
    def __init__(self) -> None:
        self.wire = Wire()
        self._state = ServerState()
        self._state.default_headers = DATE
        config = Config(site, interface="asgi3", log_config=None)
        self._protocol = protocol.PagesProtocol(config, self._state, {})
        self._protocol.connection_made(self.wire)  # type: ignore[arg-type]

    def hear(self, data: bytes) -> None:
        self._protocol.data_received(data)

    def reads(self, yes: bool) -> None:
        """Whether the client takes what is written: if not, the transport's buffer is full."""
        (self._protocol.resume_writing if yes else self._protocol.pause_writing)()

    async def settle(self) -> None:
        while self._state.tasks:
            await asyncio.wait(list(self._state.tasks))


DATE = [(b"date", b"today")]


@pytest.fixture(autouse=True)
def one_kept_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "front_door", Door())
    monkeypatch.setattr(protocol, "_messages", protocol._Messages())


def answers(requests: list[bytes], sent: bytes) -> list[tuple[bytes, list[bytes], bytes]]:
    """Status line, headers in some order, and body of each."""
    found = []
    for request in requests:
        head, _, sent = sent.partition(b"\r\n\r\n")
        status, *headers = head.split(b"\r\n")
        length = (
            0 if request.startswith(b"HEAD") else int(dict(line.split(b": ") for line in headers)[b"content-length"])
        )
        found.append((status, sorted(headers), sent[:length]))
        sent = sent[length:]
    assert not sent
    return found


async def alone(request: bytes) -> bytes:
    protocol._messages = protocol._Messages()
    connection = Connection()
    connection.hear(request)
    await connection.settle()
    return connection.wire.sent


async def cut(requests: list[bytes], chance: random.Random) -> bytes:
    """All of them on one connection that knows them already, cut anywhere, some of the answers awaited meanwhile."""
    protocol._messages = protocol._Messages()
    connection = Connection()
    for known in (PAGE, OTHER_PAGE, HEAD):
        connection.hear(known)
        connection.hear(known)
    before = len(connection.wire.sent)
    stream = b"".join(requests)
    ends = [at for at in range(1, len(stream)) if chance.random() < 0.02]
    border = 0
    for request in requests:
        border += len(request)
        ends += [border] if chance.random() < 0.8 else []
        ends += [border - len(PAGE)] if request == POST else []  # head and body apart
    start = 0
    for end in sorted({*ends, len(stream)}):
        connection.hear(stream[start:end])
        start = end
        for _ in range(chance.choice((0, 1, 9))):  # turns of the loop, in which a view may get on
            await asyncio.sleep(0)
    await connection.settle()
    return connection.wire.sent[before:]


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from([PAGE, OTHER_PAGE, HEAD, VIEW, POST, CHUNKED]), min_size=1, max_size=8),
    st.integers(0, 2**32),
)
def test_each_request_gets_what_it_would_get_alone(requests: list[bytes], seed: int) -> None:
    async def both() -> tuple[list[bytes], bytes]:
        return [await alone(request) for request in requests], await cut(requests, random.Random(seed))

    expected, sent = asyncio.run(both())
    assert answers(requests, sent) == [
        answers([request], one)[0] for request, one in zip(requests, expected, strict=True)
    ]


def test_the_same_bytes_are_parsed_once_in_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []
    real = GuardedProtocol.data_received

    def parse(self: GuardedProtocol, data: bytes) -> None:
        parsed.append(data)
        real(self, data)

    monkeypatch.setattr(GuardedProtocol, "data_received", parse)

    async def ask() -> None:
        first, second = Connection(), Connection()
        for connection in (first, second, first):
            connection.hear(PAGE)
            connection.hear(OTHER_PAGE)
        assert first.wire.sent == second.wire.sent * 2
        assert parsed == [PAGE, OTHER_PAGE]
        second._state.default_headers = [(b"date", b"tomorrow")]
        second.hear(PAGE)
        second.hear(OTHER_PAGE)
        assert parsed == [PAGE, OTHER_PAGE] * 2
        assert second.wire.sent.count(b"date: tomorrow") == 2

    asyncio.run(ask())


def test_what_comes_within_a_request_is_part_of_it() -> None:
    async def ask() -> bytes:
        connection = Connection()
        connection.hear(PAGE)
        connection.hear(PAGE + b"GET /view HTTP/1.1\r\n")
        connection.hear(PAGE)
        return connection.wire.sent

    assert re.findall(rb"HTTP/1.1 (\d+)", asyncio.run(ask())) == [b"200", b"200", b"400"]


def test_nothing_is_written_while_the_client_does_not_read() -> None:
    async def ask() -> None:
        connection = Connection()
        connection.hear(PAGE)
        once = connection.wire.sent
        connection.reads(False)
        connection.hear(PAGE)
        await asyncio.sleep(0)
        assert connection.wire.sent == once
        connection.reads(True)
        await connection.settle()
        assert len(answers([PAGE, PAGE], connection.wire.sent)) == 2

    asyncio.run(ask())


def test_a_connection_that_was_asked_to_close_answers_nothing_more() -> None:
    async def ask() -> Wire:
        connection = Connection()
        connection.hear(PAGE)
        connection.hear(CLOSING)
        assert connection.wire.closed
        assert protocol._messages.of_same_bytes(CLOSING, DATE) is None
        return connection.wire

    sent = asyncio.run(ask()).sent
    assert sent.count(b"HTTP/1.1 200") == 2
    assert sent.count(b"connection: close") == 1


def test_a_crowd_whose_requests_differ_asks_the_front_door_once_for_each_page(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Counting(Door):
        def answer(self, method: str, path: str, *more: Any) -> PageAnswer | None:
            asked.append(path)
            return super().answer(method, path, *more)

    monkeypatch.setattr(protocol, "front_door", Counting())

    async def ask() -> bytes:
        connection = Connection()
        for visitor in range(3 * protocol._messages.MOST):
            connection.hear(PAGE.replace(b"\r\n\r\n", b"\r\nCookie: visitor=%d\r\n\r\n" % visitor))
        return connection.wire.sent

    assert asyncio.run(ask()).count(b"HTTP/1.1 200") == 3 * protocol._messages.MOST
    assert len(asked) == 1


def test_what_is_kept_of_a_second_has_an_end() -> None:
    messages = protocol._Messages()
    asked = [PAGE.replace(b"\r\n\r\n", b"\r\nIf-None-Match: %d\r\n\r\n" % number) for number in range(2000)]
    for number, request in enumerate(asked):
        messages._keep((b"GET", request), b"x" * 100_000)
        messages.keep_for_bytes(request, b"x")
        assert messages._kept_bytes <= messages.MOST_BYTES_KEPT, number

    assert messages.MOST_BYTES_KEPT // 100_000 >= len(messages._of_asked) > 0
    assert len(messages._of_bytes) <= messages.MOST
