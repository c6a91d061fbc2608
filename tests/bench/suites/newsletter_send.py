"""A send of two thousand against a bare loop and against django-newsletter, and a hundred thousand recipients queued.

Our sender and the bare loop take turns at the same mail server, a process of its own, so that the machine's moods hit
both; each ratio is of neighbouring runs, and the median of them is told.
"""

import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from tests.bench.bench_site import BenchSite
from tests.bench.figures import Figure
from tests.site import ROOT

MAILS = 2000
ROUNDS = 3
MANY = 100_000
PEER = "django-newsletter==1.2.1"
PEER_NEEDS = "sorl-thumbnail==13.4.0"  # one of the two thumbnail packages between which it leaves the choice


class Talker:
    """A process that answers each line with one."""

    def __init__(self, *command: str, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} has ended.")
        return line.strip()

    def ask(self, what: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return json.loads(self.read())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


async def measure(site: BenchSite) -> AsyncIterator[Figure]:
    for figure in await asyncio.to_thread(_measure):
        yield figure


def _measure() -> list[Figure]:
    with TemporaryDirectory(prefix="bench-mail-") as folder, Talker("-m", "tests.bench.mail.sink") as sink:
        port = int(sink.read())
        environment = _environment(Path(folder), port)
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"],
            cwd=ROOT,
            env={**os.environ, **environment},
            check=True,
        )
        with Talker("-m", "tests.bench.mail.ours", **environment) as ours:
            return _figures(Path(folder), port, sink, ours)


def _environment(folder: Path, port: int) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "catalogue.settings",
        "VAR_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite3'}",
        "DEBUG": "0",
        "SECRET_KEY": secrets.token_urlsafe(40),
        "SITE_URL": "https://bench.example",
        "FROM_EMAIL": "Bench <updates@bench.example>",
        "MAIL_TRANSPORT": "smtp",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(port),
    }


def _figures(folder: Path, port: int, sink: Talker, ours: Talker) -> list[Figure]:
    ours.ask(f"fill {MAILS}")
    ours.ask("release")
    mail = folder / "mail.eml"
    size = ours.ask(f"sample {mail}")
    ratios: dict[int, list[float]] = {1: [], 4: []}
    rate: dict[int, float] = {}
    bare_seconds: list[float] = []
    lost = 0
    for _ in range(ROUNDS):
        for connections, found in ratios.items():
            bare = float(_run(sys.executable, "-m", "tests.bench.mail.bare", str(port), str(MAILS), str(mail)))
            lost += abs(MAILS - sink.ask("count"))
            ours.ask("release")
            sent = ours.ask(f"send {connections}")
            lost += abs(MAILS - sink.ask("count"))
            found.append(bare / sent["seconds"])
            rate[connections] = MAILS / sent["seconds"]
            bare_seconds.append(bare)
    figures = [
        Figure(f"a mail of the update ({MAILS} sent)", size / 1000, "kB", 1),
        Figure("one connection, of a bare loop", statistics.median(ratios[1]), "×", ROUNDS, lost, "at least", 0.9),
        Figure("four connections, of a bare loop", statistics.median(ratios[4]), "×", ROUNDS, lost, "at least", 1.25),
        Figure("mails a second, one connection", rate[1], "/s", MAILS, lost),
        Figure("mails a second, four connections", rate[4], "/s", MAILS, lost),
    ]  # fmt: skip
    figures += _peer(folder, port, sink, mail, MAILS / rate[1])
    ours.ask(f"fill {MANY}")
    queued = ours.ask("release")
    wrong = abs(MANY - queued["recipients"])
    figures += [
        Figure(f"queueing {MANY} recipients", queued["seconds"], "s", 1, wrong, "at most", 10),
        Figure("memory grown meanwhile", queued["grown_mib"], "MiB", 1, wrong, "at most", 20),
    ]
    return figures


def _peer(folder: Path, port: int, sink: Talker, mail: Path, own_seconds: float) -> list[Figure]:
    """django-newsletter in an environment of its own; named and passed over if it cannot be installed."""
    python = folder / "peer-env" / "bin" / "python"
    try:
        _run(sys.executable, "-m", "venv", str(python.parent.parent))
        _run(str(python), "-m", "pip", "install", "--quiet", PEER, PEER_NEEDS)
    except subprocess.CalledProcessError as error:
        print(f"{PEER} cannot be installed and is passed over: {error.stderr[-300:]}", file=sys.stderr)
        return []
    work = folder / "peer"
    work.mkdir()
    script = ROOT / "tests" / "bench" / "mail" / "peer.py"
    seconds = float(_run(str(python), str(script), str(work), str(port), str(MAILS), str(mail)))
    lost = abs(MAILS - sink.ask("count"))
    return [Figure(f"one connection, times {PEER}", seconds / own_seconds, "×", 1, lost, "at least", 5)]


def _run(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
