"""The newsletter on PostgreSQL: where writers do not take turns as on SQLite, and where connections are lost."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg

from tests.newsletter.delivery.test_loop import Machine, until
from tests.support.postgres import Cluster
from tests.support.site import ROOT

WRITES = (
    "feedback/",
    "subscribers/test_limits.py",
    "delivery/test_queue.py",
    "subscribers/test_services.py",
    "subscribers/test_subscribe.py",
    "mail/test_updates.py",
)
"""The tests of what many processes write to at the same moment."""


def test_what_many_write_at_once_is_right_here_too(cluster: Cluster) -> None:
    environment = {**os.environ, "DATABASE_URL": cluster.database("tests")}
    # The child is a test run of its own, not a worker of this one.
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_CURRENT_TEST"):
        environment.pop(name, None)
    modules = [f"tests/newsletter/{name}" for name in WRITES]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *modules],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    assert "passed" in run.stdout.splitlines()[-1]
    skipped = [line for line in run.stdout.splitlines() if line.startswith("SKIPPED")]
    assert all("SQLite's query plans" in line for line in skipped), skipped


def test_the_loop_goes_on_after_its_connections_were_cut(cluster: Cluster, tmp_path: Path) -> None:
    url = cluster.database("loop")
    machine = Machine(tmp_path)
    machine.environment["DATABASE_URL"] = url
    machine.run("manage.py", "migrate", "--verbosity=0", "--skip-checks")
    process = machine.start()
    try:
        with psycopg.connect(url, autocommit=True) as connection:

            def count(sql: str) -> int:
                row = connection.execute(sql).fetchone()
                return int(row[0]) if row else 0

            others = "FROM pg_stat_activity WHERE datname = 'loop' AND pid <> pg_backend_pid()"
            until(lambda: count(f"SELECT count(*) {others}") > 0)
            assert count(f"SELECT count(pg_terminate_backend(pid)) {others}") > 0
            machine.fill(1)
            until(lambda: count("SELECT count(*) FROM newsletter_delivery WHERE state = 'sent'") == 1)
            assert process.poll() is None
    finally:
        process.kill()
        process.wait()
