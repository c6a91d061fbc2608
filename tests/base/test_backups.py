"""Backups are whole, and a restore brings back what they held, on SQLite and on Postgres."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.postgres import running_cluster
from tests.support.site import ROOT

SUBSCRIBE = """
from django.utils import timezone
from catalogue.newsletter.models import Subscriber, Update
now = timezone.now()
Subscriber.objects.create(address="{0}@example.com", key="{0}@example.com", created_at=now, next_ask_at=now)
"""
SENDING = """
row = {"pattern": "gateway-cache", "revision": 7, "state": "sending", "level": 200, "created_at": now}
Update.objects.create(subject="Going out", **row)
"""
SHOW = """
from catalogue.newsletter.models import Subscriber, Update
states = Update.objects.filter(revision=7).values_list("state", flat=True)
print(sorted(Subscriber.objects.values_list("key", flat=True)), list(states))
"""


class Machine:
    """A database and a folder for its backups; each command is a process of its own, as an operator starts it."""

    def __init__(self, folder: Path, database: str = "") -> None:
        self.folder = folder
        self.var = folder / "var"
        self.backups = folder / "backups"
        self.environment = {**os.environ, "VAR_DIR": str(self.var)}
        if database:
            self.environment["DATABASE_URL"] = database
        self.var.mkdir()
        self.run("migrate", "--verbosity=0")

    def run(self, *arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    def shell(self, code: str) -> str:
        return self.run("shell", "--verbosity=0", "-c", code).strip()

    def backup(self, keep: int = 14) -> Path:
        return Path(self.run("backup", str(self.backups), "--keep", str(keep)).rsplit(" (", 1)[0].strip())


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("backups")
    if request.param == "sqlite":
        yield Machine(folder)
        return
    with running_cluster() as cluster:
        yield Machine(folder, cluster.database("site"))


def test_a_restore_brings_back_what_the_backup_held_and_pauses_what_was_going_out(machine: Machine) -> None:
    machine.shell(SUBSCRIBE.format("ada") + SENDING)
    file = machine.backup()
    assert file.stat().st_mode & 0o077 == 0, "others on the machine must not read it"
    machine.shell(SUBSCRIBE.format("bob"))
    said = machine.run("restore", str(file), "--yes")
    assert machine.shell(SHOW) == "['ada@example.com'] ['paused']"
    assert "Paused: Going out." in said


def test_a_restore_removes_what_a_newer_release_has_added(machine: Machine) -> None:
    """Rolled back, the newer release's tables would stand in the way of its next migration."""
    file = machine.backup()
    machine.shell(
        """
from django.db import connection
connection.cursor().execute("CREATE TABLE newer (id INTEGER REFERENCES newsletter_subscriber (id))")
"""
    )
    for _ in range(2):
        machine.run("restore", str(file), "--yes")
        tables = machine.shell("from django.db import connection; print(connection.introspection.table_names())")
        assert "newsletter_subscriber" in tables
        assert "newer" not in tables


def test_only_the_newest_backups_stay_and_nothing_else_is_deleted(machine: Machine) -> None:
    machine.backup()
    kind = next(machine.backups.iterdir()).suffix
    for day in (1, 2, 3):
        (machine.backups / f"serverless-patterns-2020010{day}T000000Z{kind}").touch()
    foreign = machine.backups / "notes.txt"
    foreign.touch()
    newest = machine.backup(keep=1)
    assert {file.name for file in machine.backups.iterdir()} == {newest.name, foreign.name}


def test_what_is_no_backup_of_this_database_is_refused_and_nothing_changes(machine: Machine, tmp_path: Path) -> None:
    before = machine.shell(SHOW)
    kind = next(file.suffix for file in machine.backups.iterdir() if file.suffix != ".txt")
    damaged = tmp_path / f"damaged{kind}"
    damaged.write_bytes(b"not a database, whatever its name says" * 100)
    other = tmp_path / ("copy.pgdump" if kind == ".sqlite3" else "copy.sqlite3")
    other.touch()
    for file in (damaged, other, tmp_path / "none"):
        machine.run("restore", str(file), "--yes", fails=True)
    assert machine.shell(SHOW) == before


def test_a_backup_that_cannot_be_written_is_one_line_and_leaves_no_file(machine: Machine, tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.touch()
    said = machine.run("backup", str(taken), fails=True)
    assert "No backup was taken" in said
    assert machine.run("backup", str(tmp_path), "--keep", "0", fails=True).startswith("CommandError")


def test_a_backup_of_a_busy_sqlite_database_is_whole(tmp_path: Path) -> None:
    """What is in the write-ahead log belongs to the copy, and a writer that has not committed does not."""
    machine = Machine(tmp_path)
    machine.shell(SUBSCRIBE.format("ada"))
    with closing(sqlite3.connect(machine.var / "db.sqlite3", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM newsletter_subscriber")
        file = machine.backup()
        writer.execute("ROLLBACK")
    with closing(sqlite3.connect(file)) as copy:
        assert copy.execute("SELECT count(*) FROM newsletter_subscriber").fetchone() == (1,)


def test_a_database_that_another_instance_works_on_is_not_restored_over(machine: Machine) -> None:
    file = machine.backup()
    beat = """
from datetime import timedelta
from django.utils import timezone
from catalogue.observability.models import Heartbeat
Heartbeat.objects.all().delete()
at = timezone.now() - timedelta(seconds={age})
Heartbeat.objects.create(part="mail", instance="another-host:7", at=at, late_after=90)
"""
    machine.shell(SUBSCRIBE.format("eve") + beat.format(age=3))
    refused = machine.run("restore", str(file), "--yes", fails=True)
    assert "mail of another-host:7" in refused
    assert "stop every instance first" in refused
    assert "eve@example.com" in machine.shell(SHOW)
    while_it_ran = machine.backup()
    machine.shell(beat.format(age=100))
    for restored in (file, while_it_ran, file):
        machine.run("restore", str(restored), "--yes")
    assert "eve@example.com" not in machine.shell(SHOW)


def test_a_running_site_is_not_restored_over(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    file = machine.backup()
    holder = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(machine.var / "up.lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as site:
        assert site.stdout
        site.stdout.readline()
        assert "stop it first" in machine.run("restore", str(file), "--yes", fails=True)
        site.communicate(b"\n")
