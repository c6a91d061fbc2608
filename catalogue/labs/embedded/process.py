"""Starting and stopping the emulator's process, for `manage.py up`, commands and tests."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings

from catalogue.labs.embedded.access.guard import BOOT_PATH

START_SECONDS = 30.0
STOP_SECONDS = 5.0


class EmulatorDidNotStart(Exception):
    """The emulator's process ended, or was not ready in time; the message says which."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator. Its `url` is what web processes get as EMBEDDED_AWS_URL."""

    process: subprocess.Popen[str]
    port: int
    boot_id: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """End it and its workers: asked first, killed after five seconds. Safe to call twice."""
        stop(self.process)


def stop(process: subprocess.Popen[str]) -> None:
    """End an emulator's process and its workers, also one that is not ready yet. Safe to call twice."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


def command(port: int = 0, host: str = "127.0.0.1") -> list[str]:
    """The command line of the emulator; start it in BASE_DIR and in a session of its own."""
    return [
        *(sys.executable, "-m", "catalogue.labs.embedded.host"),
        *("--folder", str(folder()), "--host", host, "--port", str(port), "--workers", str(settings.LABS_LIVE_WORKERS)),
        *("--memory", str(settings.LABS_EMULATOR_MEMORY_MB)),
        *("--isolation", settings.LABS_ISOLATION, "--user", settings.EMULATOR_USER),
    ]


def folder() -> Path:
    """Where each emulator keeps its folder."""
    return Path(settings.VAR_DIR) / "embedded"


def start(port: int = 0) -> Emulator:
    """Start an emulator and wait until it has deployed once. Raises EmulatorDidNotStart.

    Call it from a thread that lives as long as the emulator shall: on Linux the emulator ends with it.
    """
    return ready(begin(port))


def begin(port: int = 0, log: IO[str] | None = None) -> subprocess.Popen[str]:
    """Start an emulator's process, for `ready` to wait for. What it reports of itself goes to `log`, else to standard
    error. As for `start`, the calling thread must live on."""
    return subprocess.Popen(  # noqa: S603  (our own interpreter and module)
        command(port),
        cwd=settings.BASE_DIR,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,
    )


def ready(process: subprocess.Popen[str]) -> Emulator:
    """The emulator, once it has deployed. Raises EmulatorDidNotStart."""
    try:
        line = _first_line(process)
        try:
            said = json.loads(line)
        except ValueError:
            raise EmulatorDidNotStart(line.strip()) from None
    except EmulatorDidNotStart as error:
        process.kill()
        process.wait()
        raise EmulatorDidNotStart(f"The embedded AWS did not start: {error}") from None
    return Emulator(process, said["port"], said["boot_id"])


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    if not readable:
        raise EmulatorDidNotStart(f"it was not ready within {START_SECONDS:.0f} seconds.")
    line = process.stdout.readline()
    if not line:
        raise EmulatorDidNotStart(f"its process ended with code {process.wait()}; its errors are above.")
    return line


def healthy(url: str, timeout: float = 1) -> bool:
    """Whether an emulator answers at `url`."""
    try:
        with urllib.request.urlopen(url + BOOT_PATH, timeout=timeout) as response:  # noqa: S310
            return bool(response.status == 200)
    except OSError:
        return False


def wait_until_healthy(url: str, seconds: float = START_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if healthy(url):
            return True
        time.sleep(0.05)
    return False


@contextlib.contextmanager
def running(port: int = 0) -> Iterator[Emulator]:
    """An emulator for the length of a `with` block."""
    emulator = start(port)
    try:
        yield emulator
    finally:
        emulator.stop()
