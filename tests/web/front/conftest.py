"""A web server alone, with limits so low that a test can go past them."""

import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalogue.processes import server
from tests.support.site import ROOT, free_port
from tests.support.waiting import await_true

HOST = "patterns.example"
PROXY = "127.0.0.9"
STATIC = {"plain.css": "p { color: teal }\n", "plain.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>\n'}
"""The only static files here, under names without a hash: the site's own are not collected."""


class Front:
    """A web server whose pages are not built: Django answers everything."""

    def __init__(self, folder: Path, environment: Mapping[str, str], descriptors: int | None = None) -> None:
        self.log = folder / "log"
        self.port = free_port()
        self.temporary = folder / "tmp"
        self._descriptors = descriptors
        self.temporary.mkdir()
        self.database = folder / "var" / "db.sqlite3"
        static = self.database.parent / "static"
        static.mkdir(parents=True)
        for name, content in STATIC.items():
            (static / name).write_text(content)
        manifest = {"version": "1.1", "hash": "0", "paths": {name: name for name in STATIC}}
        (static / "staticfiles.json").write_text(json.dumps(manifest))
        self._environment = {
            **os.environ,
            "DEBUG": "0",
            "SECRET_KEY": "0123456789" * 5,
            "SITE_URL": f"https://{HOST}",
            "SMTP_HOST": "127.0.0.1",
            "VAR_DIR": str(folder / "var"),
            "TMPDIR": str(self.temporary),
            "EMBEDDED_AWS_URL": "http://127.0.0.1:1",
            **environment,
        }

    def migrate(self) -> None:
        command = [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks"]
        subprocess.run(command, cwd=ROOT, env=self._environment, check=True, timeout=120)

    @contextmanager
    def running(self) -> Iterator["Front"]:
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                server.command_at("127.0.0.1", self.port),
                cwd=ROOT,
                env=self._environment,
                stderr=log,
                preexec_fn=self._limit if self._descriptors else None,
            )
        try:
            await_true(self.serves, 60)
            yield self
        finally:
            self.process.terminate()
            self.process.wait(60)

    def _limit(self) -> None:
        assert self._descriptors is not None
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._descriptors, self._descriptors))

    def serves(self) -> bool:
        try:
            return self.ask(get("/healthz")).startswith(b"HTTP/1.1 200 ")
        except OSError:
            return False

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30, source_address=(source, 0))

    def ask(self, *pieces: bytes, source: str = "127.0.0.1") -> bytes:
        """What comes back until the server closes the connection."""
        with self.connect(source) as connection:
            for piece in pieces:
                try:
                    connection.sendall(piece)
                except (BrokenPipeError, ConnectionResetError):
                    break
            return read(connection)

    def memory(self) -> int:
        """MiB that the server occupies."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024

    def logged(self, kind: str) -> int:
        return self.log.read_text().count(f"catalogue.web.front: {kind}")


def read(connection: socket.socket) -> bytes:
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def get(target: str, *headers: str, close: bool = True, method: str = "GET") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {HOST}", *headers, *(["Connection: close"] if close else [])]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def status(received: bytes) -> int:
    assert received.startswith(b"HTTP/1.1 "), received[:100]
    return int(received[9:12])


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    low = {
        "HTTP_HEAD_SECONDS": "2",
        "HTTP_BODY_SECONDS": "6",
        "HTTP_IDLE_SECONDS": "4",
        "HTTP_WRITE_SECONDS": "2",
        "HTTP_BODIES_MB": "1",
        "HTTP_CONNECTIONS_PER_ADDRESS": "10",
        "TRUSTED_PROXIES": f"{PROXY},127.0.0.10",
    }
    server_alone = Front(tmp_path_factory.mktemp("front"), low)
    server_alone.migrate()
    with server_alone.running():
        yield server_alone
