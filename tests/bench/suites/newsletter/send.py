"""A send of two thousand against a bare loop and against django-newsletter, and a hundred thousand recipients queued.

All of them take turns at the same mail server, a process of its own, so that the machine's moods hit all; each ratio is
of neighboring runs, and the median of them is told.
"""

import asyncio
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any, Self

from tests.bench.figures import Figure
from tests.support.site import ROOT

MAILS = 2000
ROUNDS = 9
PEER_ROUNDS = 3
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


async def measure_alone() -> AsyncIterator[Figure]:
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


@dataclass
class Bench:
    """The mail server and what sends to it; `lost` counts mails that came too few or too many."""

    folder: Path
    port: int
    sink: Talker
    ours: Talker
    mail: Path
    lost: int = 0

    def bare(self) -> float:
        """Seconds of a bare loop over one connection."""
        return self._counted(float(_run(sys.executable, "-m", "tests.bench.mail.bare", *self._what())))

    def own(self, connections: int) -> float:
        """Seconds of our sender."""
        self.ours.ask("release")
        return self._counted(float(self.ours.ask(f"send {connections}")["seconds"]))

    def peer(self, python: Path) -> float:
        """Seconds of django-newsletter, which has one connection."""
        work = mkdtemp(dir=self.folder, prefix="peer-")
        script = ROOT / "tests" / "bench" / "mail" / "peer.py"
        return self._counted(float(_run(str(python), str(script), work, *self._what())))

    def _what(self) -> tuple[str, str, str]:
        return str(self.port), str(MAILS), str(self.mail)

    def _counted(self, seconds: float) -> float:
        self.lost += abs(MAILS - self.sink.ask("count"))
        return seconds


def _figures(folder: Path, port: int, sink: Talker, ours: Talker) -> list[Figure]:
    ours.ask(f"fill {MAILS}")
    ours.ask("release")
    bench = Bench(folder, port, sink, ours, folder / "mail.eml")
    size = ours.ask(f"sample {bench.mail}")
    figures = [Figure(f"a mail of the update ({MAILS} sent)", size / 1000, "kB", 1)]
    figures += _against_a_bare_loop(bench)
    figures += _against_the_peer(bench)
    ours.ask(f"fill {MANY}")
    queued = ours.ask("release")
    wrong = abs(MANY - queued["recipients"])
    figures += [
        Figure(f"queueing {MANY} recipients", queued["seconds"], "s", 1, wrong, "at most", 10),
        Figure("memory grown meanwhile", queued["grown_mib"], "MiB", 1, wrong, "at most", 20),
    ]
    return figures


def _against_a_bare_loop(bench: Bench) -> list[Figure]:
    bare, one, four = [], [], []
    for _ in range(ROUNDS):
        bare.append((bench.bare(), bench.bare()))
        one.append(bench.own(1))
        four.append(bench.own(4))
    return [
        _ratio("one connection, of a bare loop", [b for b, _ in bare], one, 0.9, bench.lost),
        _ratio("four connections, of a bare loop", [b for _, b in bare], four, 1.25, bench.lost),
        Figure("mails a second, a bare loop", MAILS / median(map(max, bare)), "/s", ROUNDS, bench.lost),
        Figure("mails a second, one connection", MAILS / median(one), "/s", ROUNDS, bench.lost),
        Figure("mails a second, four connections", MAILS / median(four), "/s", ROUNDS, bench.lost),
    ]


def _against_the_peer(bench: Bench) -> list[Figure]:
    """django-newsletter in an environment of its own; named and passed over if it cannot be installed."""
    python = bench.folder / "peer-env" / "bin" / "python"
    try:
        _run(sys.executable, "-m", "venv", str(python.parent.parent))
        _run(str(python), "-m", "pip", "install", "--quiet", PEER, PEER_NEEDS)
    except subprocess.CalledProcessError as error:
        print(f"{PEER} cannot be installed and is passed over: {error.stderr[-300:]}", file=sys.stderr)
        return []
    peer, bare, one, four = [], [], [], []
    for _ in range(PEER_ROUNDS):
        peer.append(bench.peer(python))
        bare.append(bench.bare())
        one.append(bench.own(1))
        four.append(bench.own(4))
    return [
        _ratio(f"a bare loop, times {PEER}", peer, bare, None, bench.lost),
        _ratio(f"one connection, times {PEER}", peer, one, None, bench.lost),
        _ratio(f"four connections, times {PEER}", peer, four, 5, bench.lost),
    ]


def _ratio(name: str, theirs: list[float], ours: list[float], goal: float | None, lost: int) -> Figure:
    """How many times as fast, by seconds of neighboring runs."""
    times = median(their / own for their, own in zip(theirs, ours, strict=True))
    if goal is None:
        return Figure(name, times, "×", len(ours), lost)
    return Figure(name, times, "×", len(ours), lost, "at least", goal)


def _run(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
