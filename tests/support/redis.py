"""A throw-away Redis (or Valkey, which speaks the same protocol) for tests, on a free port of this machine.

Debian's packages `redis-server` and `valkey-server` bring one. Without it the tests are skipped, or fail if
REQUIRE_REDIS=1.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from tests.support.ports import free_port

START_SECONDS = 60


@dataclass
class Server:
    """A server that tests may stop and start; what it kept is gone then."""

    program: str
    port: int
    folder: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": self.folder}
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        self.process = subprocess.Popen(
            [self.program, *arguments], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + START_SECONDS
        with redis.Redis(port=self.port) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError:
                    assert time.monotonic() < deadline, "the server did not start"
                    time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None


@contextmanager
def running_redis() -> Iterator[Server]:
    """Start a server and stop it at the end. Skips the test if this machine has none."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        reason = "No Redis or Valkey on this machine (on Debian: apt install redis-server)."
        if os.environ.get("REQUIRE_REDIS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    server = Server(program, free_port(), folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
