"""The web server with our protocol, spoken to byte by byte: what it answers itself mixes with what Django answers."""

import gzip
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalogue.processes import server
from tests.patterns.support.example import change, write_pattern
from tests.support.site import ROOT, free_port
from tests.support.waiting import await_true

ANSWERED_HERE = b"last-modified:"
"""Only the front door sends it: so a test can tell who has answered."""


class Server:
    """A web server alone, with a built catalogue of two patterns in `folder`, and what it writes in `log`."""

    def __init__(self, folder: Path, workers: int = 1, **environment: str) -> None:
        for slug in ("owls", "twin"):
            write_pattern(folder / "content", slug, title=slug.capitalize())
        self.content = folder / "content"
        self.log = folder / "log"
        self.port = free_port()
        self._environment = {
            **os.environ,
            "DEBUG": "0",
            "SECRET_KEY": "0123456789" * 5,
            "SITE_URL": "https://patterns.example",
            "SMTP_HOST": "127.0.0.1",
            "CONTENT_DIR": str(self.content),
            "VAR_DIR": str(folder / "var"),
            "EMBEDDED_AWS_URL": "http://127.0.0.1:1",
            "LOG_LEVEL": "INFO",
            **environment,
        }
        self._workers = workers

    def build(self) -> None:
        command = [sys.executable, "manage.py", "build", "-v0"]
        subprocess.run(command, cwd=ROOT, env=self._environment, check=True, timeout=120)

    @contextmanager
    def running(self) -> Iterator[None]:
        """From the moment at which the pages are loaded; it is asked for nothing."""
        listening = server.listen("127.0.0.1", self.port)
        command = server.command(listening.fileno())
        with self.log.open("w") as log, listening:
            processes = [
                subprocess.Popen(command, cwd=ROOT, env=self._environment, stderr=log, pass_fds=(listening.fileno(),))
                for _ in range(self._workers)
            ]
        try:
            await_true(lambda: self.log.read_text().count("are loaded") == self._workers, 60)
            await_true(lambda: _listens(self.port), 30)
            yield
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(60)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    site = Server(tmp_path_factory.mktemp("site"))
    site.build()
    with site.running():
        yield site.port


def get(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: patterns.example", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def talk(port: int, *requests: bytes, most_seconds: float = 20) -> bytes:
    """What comes back until the server closes the connection: the last request must ask for that."""
    with socket.create_connection(("127.0.0.1", port), timeout=most_seconds) as connection:
        for request in requests:
            connection.sendall(request)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received


def unzipped(received: bytes) -> bytes:
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"content-encoding: gzip" in head
    return gzip.decompress(body)


def statuses(received: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d{3}) [^\r]+\r\n", received)


CLOSE = "Connection: close"


def test_one_connection_serves_kept_pages_and_django_in_order(port: int) -> None:
    received = talk(
        port,
        get("/patterns/owls/", "Accept-Encoding: gzip"),
        get("/healthz"),
        get("/patterns/owls.md"),
        get("/nowhere", "Accept: application/json"),
        get("/feed.atom", CLOSE),
    )
    assert statuses(received) == [b"200", b"200", b"200", b"404", b"200"]


def test_kept_pages_and_static_files_ask_for_https(port: int) -> None:
    page = talk(port, get("/patterns/owls/", CLOSE))
    assert ANSWERED_HERE in page
    styles = re.search(rb'href="(/static/[^"]+\.css)"', page)
    tag = re.search(rb"\r\netag: ([^\r]+)", page)
    assert styles
    assert tag
    file = talk(port, get(styles[1].decode(), CLOSE))
    unchanged = talk(port, get("/patterns/owls/", f"If-None-Match: {tag[1].decode()}", CLOSE))
    packed = talk(port, get("/patterns/owls/", "Accept-Encoding: br", CLOSE))
    feed = talk(port, get("/feed.atom", CLOSE))
    assert [status for [status] in map(statuses, (page, file, unchanged, packed, feed))] == [
        b"200", b"200", b"304", b"200", b"200"
    ]  # fmt: skip
    for received in (page, file, unchanged, packed, feed):
        head = received.partition(b"\r\n\r\n")[0].lower()
        assert head.count(b"\r\nstrict-transport-security: max-age=31536000") == 1, head


def test_requests_sent_at_once_are_answered_in_their_order(port: int) -> None:
    """Pipelining: a kept page does not overtake what Django is still working on."""
    received = talk(
        port, get("/search/?q=owls") + get("/robots.txt") + get("/search/?q=twin") + get("/llms.txt", CLOSE)
    )
    assert statuses(received) == [b"200"] * 4
    places = [
        received.index(mark)
        for mark in (
            b"\xe2\x80\x9cowls\xe2\x80\x9d",
            b"User-agent: *",
            b"\xe2\x80\x9ctwin\xe2\x80\x9d",
            b"llmstxt" if b"llmstxt" in received else b"## Interfaces",
        )
    ]
    assert places == sorted(places)


def test_after_a_build_the_first_request_to_an_idle_server_gets_the_new_text(tmp_path: Path) -> None:
    site = Server(tmp_path)
    site.build()
    with site.running():
        before = talk(site.port, get("/patterns/owls/", "Accept-Encoding: gzip", CLOSE))
        assert b"A courier waits" in unzipped(before)
        change(site.content / "owls/pattern.md", "A courier waits", "A courier has waited")
        site.build()
        await_true(lambda: "build 2 are loaded" in site.log.read_text(), 60)
        first = talk(site.port, get("/patterns/owls/", "Accept-Encoding: gzip", CLOSE))
    assert statuses(first) == [b"200"]
    assert ANSWERED_HERE in first
    assert re.search(rb'\r\netag: "[0-9a-f]+-gzip"\r\n', first)
    assert b"A courier has waited" in unzipped(first)
    assert "Traceback" not in site.log.read_text(), "the watch ends cleanly"


@pytest.mark.parametrize("connection", ["close", "Close", "keep-alive"])
def test_a_connection_is_closed_if_the_client_says_so(port: int, connection: str) -> None:
    first = get("/robots.txt", f"Connection: {connection}")
    received = talk(port, first) if connection.lower() == "close" else talk(port, first, get("/robots.txt", CLOSE))
    assert received.count(b"HTTP/1.1 200 OK") == (1 if connection.lower() == "close" else 2)


def test_head_has_the_head_alone(port: int) -> None:
    whole = talk(port, get("/patterns/owls/", CLOSE))
    head = talk(port, get("/patterns/owls/", CLOSE, method="HEAD"))
    assert head.endswith(b"\r\n\r\n")
    assert b"content-length: %d\r\n" % len(whole.partition(b"\r\n\r\n")[2]) in head
    assert ANSWERED_HERE in head


def test_not_modified_has_no_body(port: int) -> None:
    whole = talk(port, get("/patterns/owls/", CLOSE))
    etag = next(line for line in whole.split(b"\r\n") if line.startswith(b"etag: ")).removeprefix(b"etag: ").decode()
    again = talk(port, get("/patterns/owls/", f"If-None-Match: {etag}", CLOSE))
    assert statuses(again) == [b"304"]
    assert again.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (get("/patterns/owls/", "Content-Length: 0", CLOSE), b"200"),
        (get("/patterns/owls/", "Content-Length: 2", CLOSE) + b"{}", b"200"),
        (get("/patterns/owls/", "Transfer-Encoding: chunked", CLOSE) + b"2\r\n{}\r\n0\r\n\r\n", b"200"),
        (get("/patterns/owls/", "Content-Length: 2", CLOSE, method="POST") + b"{}", b"405"),
        (get("/patterns/owls/", "Expect: 100-continue", CLOSE), b"200"),
        (get("/p%61tterns/owls/", CLOSE), b"200"),
        (get("/patterns/owls/?utm=x#frag", CLOSE), b"200"),
        (get("/patterns/%zz/", CLOSE), b"400"),
        (get("/patterns/\x00/", CLOSE), b"400"),
        (get("/patterns/\xff/", CLOSE), b"400"),
        (get("/patterns/owls", CLOSE), b"301"),
        (get("http://patterns.example/robots.txt", CLOSE), b"200"),
        (get("/robots.txt", CLOSE, version="1.0"), b"200"),
        (b"GET /robots.txt HTTP/1.1\r\nConnection: close\r\n\r\n", b"400"),
        (b"GET /robots.txt HTTP/1.0\r\n\r\n", b"200"),
        (b"GET /robots.txt HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_odd_requests_get_a_clear_answer(port: int, request_: bytes, status: bytes) -> None:
    received = talk(port, request_)
    assert statuses(received)[-1:] == [status], received[:300]


def test_a_download_is_gone_on_with_only_while_it_is_the_same(port: int) -> None:
    path = "/patterns/owls/project.zip"
    whole = talk(port, get(path, CLOSE)).partition(b"\r\n\r\n")[2]
    etag = next(line for line in talk(port, get(path, CLOSE)).split(b"\r\n") if line.startswith(b"etag: "))[6:].decode()
    received = talk(
        port,
        get(path, f"If-Match: {etag}", "Range: bytes=10-19"),
        get(path, 'If-Match: "older"', "Range: bytes=10-19"),
        get(path, f"Range: bytes=0-{'9' * 5000}", CLOSE),
    )
    assert statuses(received) == [b"206", b"412", b"200"]
    assert received.endswith(whole)


@pytest.mark.parametrize("path", ["/patterns/owls/", "/nowhere"])
def test_trailers_of_one_request_are_not_headers_of_the_next(port: int, path: str) -> None:
    first = get(path, "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\nIf-None-Match: *\r\nHost: evil.example\r\n\r\n"
    received = talk(port, first + get("/patterns/owls/", CLOSE))
    assert statuses(received)[-1] == b"200"
    received = talk(port, first, get("/patterns/owls/"), get("/patterns/owls/", CLOSE))
    assert statuses(received)[1:] == [b"200", b"200"]


def test_what_differs_in_a_weighed_header_differs_in_its_answer(port: int) -> None:
    """The second of each pair is answered from what the first has left in memory."""
    asked = ["Accept-Encoding: gzip", "Accept-Encoding: br", "Range: bytes=0-9", "X-Other: 1", "If-None-Match: *"]
    requests = [get("/patterns/owls.md", header) for header in asked for _ in range(2)]
    received = talk(port, *requests, get("/patterns/owls.md", CLOSE, method="HEAD"))
    lone = [talk(port, get("/patterns/owls.md", header, CLOSE)) for header in asked]
    expected = [statuses(one)[0] for one in lone]
    assert statuses(received) == [status for status in expected for _ in range(2)] + [b"200"]
    for encoding in (b"gzip", b"br"):
        assert received.count(b"content-encoding: " + encoding) == 2
    assert received.endswith(b"\r\n\r\n")


def test_a_client_that_does_not_read_holds_up_no_one_and_no_memory(port: int) -> None:
    """Thousands of requests on one connection, none of whose answers is read."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as greedy:
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        greedy.setblocking(False)
        sent, until = 0, time.monotonic() + 2
        burst = get("/openapi.json") * 200
        while time.monotonic() < until:
            try:
                sent += greedy.send(burst)
            except BlockingIOError:
                break
        assert statuses(talk(port, get("/patterns/owls/", CLOSE))) == [b"200"]
        assert _memory_mib(_listener(port)) < 250


def _listener(port: int) -> int:
    wanted = f":{port:04X} 00000000:0000 0A"
    inode = next(line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines() if wanted in line)
    for entry in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(entry.readlink()) == f"socket:[{inode}]":
                return int(entry.parts[2])
        except OSError:
            continue
    raise AssertionError("nobody listens")


def _memory_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
