"""A send of two thousand, its sender killed twenty times at random moments: what the mail server has counted."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.newsletter.support.sinks import counting_sink
from tests.support.postgres import Cluster

ROOT = Path(__file__).resolve().parents[3]
MAILS = 2000
KILLS = 20
HELD = 400


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'mail.sqlite3'}"
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.database(f"mail{random.randrange(10**9)}")


class Machine:
    """The newsletter with a database of its own, in processes that can be killed."""

    def __init__(self, var: Path, database: str, port: int, mails: int = MAILS, **settings: str) -> None:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "catalogue.settings",
            "PYTHONPATH": str(ROOT),
            "VAR_DIR": str(var),
            "DATABASE_URL": database,
            "DATABASE_POOL": "0",  # the nursery forks, and no child may inherit a connection
            "DEBUG": "1",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(port),
            **settings,
        }
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.newsletter.support.nursery"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.ask(f"fill {mails}") == "done"

    def ask(self, what: str) -> str:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(f"{what}\n")
        self._nursery.stdin.flush()
        return self._nursery.stdout.readline().strip()

    def start(self) -> "Sender":
        return Sender(int(self.ask("send")), self._nursery.stdout)

    def close(self) -> None:
        self._nursery.kill()
        self._nursery.wait()


class Sender:
    def __init__(self, pid: int, output: Any) -> None:
        self.pid = pid
        self._ended = threading.Event()
        threading.Thread(target=self._watch, args=(output,), daemon=True).start()

    def _watch(self, output: Any) -> None:
        output.readline()
        self._ended.set()

    def alive(self) -> bool:
        return not self._ended.is_set()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):  # it may end by itself at this very moment
            if self.alive():
                os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def wait(self) -> None:
        assert self._ended.wait(60)


def send_under_fire(machine: Machine, sink: Any, mails: int = MAILS) -> list[list[str]]:
    """Twenty senders killed at random moments, then two passes that nobody disturbs.

    Returns for each kill to whom its sender had a mail on the wire: only those may get it once more.
    """
    on_the_wire: list[list[str]] = []
    seen: set[tuple[str, str]] = set()
    for _ in range(KILLS):
        sender = machine.start()
        # Kills are spread over the whole send, at a moment that the clock has no say in.
        sink.wait_for(sink.total + random.randrange(mails // KILLS + 1), sender.alive)
        threading.Event().wait(random.random() / 50)  # somewhere within a mail
        sender.kill()
        # Those of earlier kills may wait for their turn still; the moment of their mark tells them apart.
        marks = {(address, at) for address, at in json.loads(machine.ask("wire"))} - seen
        on_the_wire.append([address for address, _ in marks])
        seen |= marks
        machine.ask("leases")
    for _ in range(2):
        machine.ask("leases")
        machine.start().wait()
    return on_the_wire


@pytest.mark.timeout(300)
@pytest.mark.parametrize("connections", [1, 4])
def test_twenty_kills_lose_no_mail_and_each_doubles_at_most_one_a_connection(
    tmp_path: Path, database: str, connections: int
) -> None:
    with counting_sink() as (sink, port):
        machine = Machine(tmp_path, database, port, NEWSLETTER_CONNECTIONS=str(connections))
        try:
            on_the_wire = send_under_fire(machine, sink)
            states, _, errors = json.loads(machine.ask("count"))
        finally:
            machine.close()
    assert states == {"sent": MAILS}, errors
    assert len(sink.taken) == MAILS, "somebody got no mail"
    for kill, flying in enumerate(on_the_wire):
        assert len(flying) <= connections, f"kill {kill} left more on the wire than connections were open"
    marked = Counter(reader for flying in on_the_wire for reader in flying)
    for reader, copies in sink.taken.items():
        assert copies <= 1 + marked[reader], f"{reader} got {copies} mails, on the wire at {marked[reader]} kills"
    doubled = sink.total - MAILS
    # The promise of docs/newsletter.md: one mail a connection and kill, and no other than those that were on the wire.
    assert doubled <= sum(min(len(flying), connections) for flying in on_the_wire) <= KILLS * connections
    print(f"{doubled} doubled by {KILLS} kills with {connections} connections")  # noqa: T201


@pytest.mark.timeout(300)
def test_what_was_on_the_wire_is_held_if_the_setting_says_so(tmp_path: Path) -> None:
    with counting_sink() as (sink, port):
        machine = Machine(
            tmp_path,
            f"sqlite:///{tmp_path / 'mail.sqlite3'}",
            port,
            HELD,
            NEWSLETTER_CONNECTIONS="4",
            NEWSLETTER_IN_DOUBT="hold",
        )
        try:
            on_the_wire = send_under_fire(machine, sink, HELD)
            states, doubtful, _ = json.loads(machine.ask("count"))
        finally:
            machine.close()
    assert states["sent"] + states.get("in_doubt", 0) == HELD
    assert max(sink.taken.values()) == 1, "a mail was sent twice"
    missing = {f"r{number}@example.com" for number in range(HELD)} - set(sink.taken)
    assert missing <= set(doubtful)
    assert states.get("in_doubt", 0) <= KILLS * 4
    assert set(doubtful) <= {reader for flying in on_the_wire for reader in flying}
    assert max(map(len, on_the_wire)) <= 4
