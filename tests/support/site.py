"""The whole site as `make run` starts it, for tests that need the real thing."""

import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_port

__all__ = ["ROOT", "Site", "alive", "descendants", "free_port", "manage", "running_site"]

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120


@dataclass
class Site:
    url: str
    process: subprocess.Popen[str]
    var: Path

    def environment(self) -> dict[str, str]:
        """What the web processes and loops have in theirs: what `up` was started with, and the emulator's address."""
        pairs = Path(f"/proc/{self.process.pid}/environ").read_text().split("\0")
        given = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        commands = descendants(self.process.pid).values()
        port = next((found[1] for one in commands if (found := re.search(r"embedded\.host .*--port (\d+)", one))), None)
        return given if port is None else {**given, "EMBEDDED_AWS_URL": f"http://127.0.0.1:{port}"}

    @property
    def secret_key(self) -> str:
        """What the site signs with: given in this test run's environment, or made by the site."""
        return os.environ.get("SECRET_KEY") or (self.var / "secret-key").read_text()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def manage(site: Site, *arguments: str, **environment: str) -> str:
    """What a management command prints that is run for the site, with its settings and data."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**site.environment(), **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits for its parent to notice does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(pid: int) -> dict[int, str]:
    """Every living process below `pid`, with its command line."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found: dict[int, str] = {}
    queue = [pid]
    while queue:
        above = queue.pop()
        for child in [child for child, parent in parents.items() if parent == above]:
            with suppress(FileNotFoundError, ProcessLookupError):  # it may have ended since
                found[child] = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                queue.append(child)
    return found


@contextmanager
def running_site(var: Path, port: int, workers: int = 1, root: Path = ROOT, /, **environment: str) -> Iterator[Site]:
    """Start `manage.py up` on `port`, with so many web processes and its data under `var`, and stop it at the end.

    `root` is the checkout that is started.

    Raises `RuntimeError` with the output so far if no line with the address comes in time.
    """
    var.mkdir(parents=True, exist_ok=True)
    log = (var / "up.log").open("w+")
    # The site tells apart what it was given from what the test run has in its own environment.
    inherited = {key: value for key, value in os.environ.items() if key not in {"EMBEDDED_AWS_URL", "PORT"}}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port), "--workers", str(workers)],
        cwd=root,
        env={**inherited, "VAR_DIR": str(var), "PORT": str(port), **environment},
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        line = _first_line(process)
        if "http://" not in line:
            raise RuntimeError(f"The site did not start: {line}{Path(log.name).read_text()}")
        yield Site(line.split()[-1].rstrip("/"), process, var)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        log.close()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            if selector.select(timeout=0.5):
                return process.stdout.readline()
            if process.poll() is not None:
                return f"exit code {process.returncode}. "
    return f"no line in {START_SECONDS} s. "
