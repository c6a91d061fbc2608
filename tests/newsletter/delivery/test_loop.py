"""The mail loop as its own process, started, raced, stopped and killed."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from catalogue.newsletter.delivery import loop
from catalogue.newsletter.delivery.transports.base import Envelope
from catalogue.newsletter.delivery.transports.smtp import SmtpTransport
from catalogue.processes import heartbeat
from catalogue.processes.supervisor import Part, Supervisor
from catalogue.processes.supervisor.state import read
from tests.newsletter.support.helpers import use_smtp
from tests.newsletter.support.smtp_sink import Sink, smtp_sink
from tests.processes.test_supervisor import until as await_until
from tests.support.site import alive

ROOT = Path(__file__).resolve().parents[3]
FILL = """
import django; django.setup()
from django.utils import timezone
from catalogue.newsletter.delivery import queue
from catalogue.newsletter.models import Delivery, Subscriber
now = timezone.now()
Subscriber.objects.bulk_create(
    Subscriber(address=f"r{n}@example.com", key=f"r{n}@example.com", created_at=now, next_ask_at=now)
    for n in range({count})
)
Delivery.objects.bulk_create(
    Delivery(subscriber=subscriber, kind="confirmation", due_at=now, created_at=now)
    for subscriber in Subscriber.objects.all()
)
"""


class Machine:
    """A database of its own and the processes that work on it."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.environment = {
            **os.environ,
            "VAR_DIR": str(var),
            "DEBUG": "1",
            "MAILBOX_KEEP": "100000",
            "DJANGO_SETTINGS_MODULE": "catalogue.settings",
        }
        self.environment.pop("DATABASE_URL", None)
        self.processes: list[subprocess.Popen[str]] = []

    def run(self, *arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], cwd=ROOT, env=self.environment, check=True, timeout=60)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "newsletter_loop", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def fill(self, count: int) -> None:
        self.run("-c", FILL.replace("{count}", str(count)))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.var / "db.sqlite3", timeout=10)) as connection, connection:
            return connection.execute(sql).fetchall()

    def states(self) -> dict[str, int]:
        return dict(self.query("SELECT state, count(*) FROM newsletter_delivery GROUP BY state"))

    def mails_each(self) -> list[tuple[int, int]]:
        return self.query(
            "SELECT n, count(*) FROM"
            " (SELECT count(*) AS n FROM newsletter_mailboxmessage GROUP BY recipients) GROUP BY n"
        )


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    var = tmp_path_factory.mktemp("newsletter")
    Machine(var).run("manage.py", "migrate", "--verbosity=0", "--skip-checks")
    return var


@pytest.fixture
def machine(migrated: Path) -> Iterator[Machine]:
    here = Machine(migrated)
    for table in ("mailboxmessage", "delivery", "consentrecord", "subscriber"):
        here.query(f"DELETE FROM newsletter_{table}")
    yield here
    for process in here.processes:
        process.kill()
        process.wait()


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_racing_senders_send_each_mail_once(machine: Machine) -> None:
    machine.fill(200)
    senders = [machine.start("--once") for _ in range(2)]
    reports = [process.communicate(timeout=60)[0] for process in senders]
    assert sum(int(report.split()[0]) for report in reports) == 200
    assert machine.mails_each() == [(1, 200)]
    assert machine.states() == {"sent": 200}


def test_the_loop_is_quick_to_send_and_quick_to_stop(machine: Machine) -> None:
    process = machine.start()
    assert process.stdout is not None
    assert "watching" in process.stdout.readline()
    machine.fill(1)
    until(lambda: machine.mails_each() == [(1, 1)], loop.wait_after(50) / 2)  # a loop that waits out trouble is slower
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0


def test_a_killed_sender_loses_nothing(machine: Machine) -> None:
    machine.fill(300)
    process = machine.start()
    until(lambda: len(machine.query("SELECT 1 FROM newsletter_mailboxmessage LIMIT 20")) == 20)
    process.kill()
    process.wait()
    machine.query("UPDATE newsletter_delivery SET due_at = '2000-01-01 00:00:00' WHERE state = 'in_flight'")
    machine.start("--once").communicate(timeout=60)
    assert machine.states() == {"sent": 300}
    sent: dict[int, int] = dict(machine.mails_each())
    assert set(sent) <= {1, 2}
    assert sent.get(2, 0) in (0, 1), "at most the one mail that was on the wire comes twice"
    assert sum(sent.values()) == 300


def test_trouble_is_waited_out_with_growing_patience() -> None:
    assert [loop.wait_after(troubles) for troubles in (0, 1, 2, 5, 6, 50)] == [0.25, 1, 2, 16, 30, 30]


PATIENCE = 3.0
"""Of the supervisor, in seconds."""
SLOW = 3 * PATIENCE
LATE = 60.0


@pytest.fixture
def sink() -> Iterator[Sink]:
    with smtp_sink() as sink:
        yield sink


async def test_a_slow_relay_ends_no_loop_and_a_stopped_loop_is_replaced(
    tmp_path: Path, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    def slow_once(to: str) -> str:
        if not sink.messages:
            threading.Event().wait(SLOW)
        return "250 OK"

    sink.on_recipient = slow_once
    machine = Machine(tmp_path)
    smtp = {
        "VAR_DIR": str(tmp_path),
        "DEBUG": "1",
        "MAIL_TRANSPORT": "smtp",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(sink.port),
        "NEWSLETTER_CONNECTIONS": "1",  # served by the main thread
    }
    machine.run("manage.py", "migrate", "--verbosity", "0")
    machine.fill(2)
    part = Part(
        "mail loop",
        [sys.executable, "manage.py", "newsletter_loop"],
        smtp,
        beats=True,
        patience=PATIENCE,
    )
    state = tmp_path / "state.json"
    supervisor = Supervisor([part], lambda: None, state)
    running = asyncio.create_task(supervisor.run())
    try:
        await await_until(lambda: len(sink.messages) == 2, LATE)
        assert not caplog.records
        assert sink.connections == 1

        (pid,) = [part["pid"] for part in (read(state) or {})["parts"].values()]
        os.kill(pid, signal.SIGSTOP)
        await await_until(lambda: bool(caplog.records), LATE)
        assert "mail loop showed no sign of life" in caplog.text
        assert not alive(pid)
    finally:
        supervisor.stop()
        await asyncio.wait_for(running, 60)


def test_every_reply_of_a_mail_server_is_a_sign_of_life(
    sink: Sink, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats: list[None] = []
    monkeypatch.setattr(heartbeat, "beat", lambda: beats.append(None))
    use_smtp(settings, sink.port)
    connection = SmtpTransport().connect()
    assert len(beats) == 2, "the greeting and EHLO"
    envelope = Envelope("site@example.com", "ada@example.com", b"Subject: A mail\r\n\r\nHello.\r\n")
    connection.send(envelope, lambda: lambda: True, lambda: None)
    assert len(beats) == 6, "MAIL, RCPT, DATA and the content"
    connection.close()
    assert len(sink.messages) == 1
