"""The labs on PostgreSQL: where writers do not take turns as on SQLite, types are strict and connections are pooled."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from catalogue.labs.embedded.process import Emulator
from tests.support.postgres import Cluster, running_cluster
from tests.support.site import ROOT

DATABASE = (
    "lifecycle/test_limits.py",
    "lifecycle/test_janitor.py",
    "lifecycle/test_services.py",
    "edge/test_recorder.py",
    "demos/runs/test_services.py",
    "targets/emulators",
)
"""The tests of what reads and writes the labs' tables; those of views and feeds go through the same functions."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as started:
        yield started


def test_what_reads_and_writes_the_labs_tables_does_so_here_too(cluster: Cluster, emulator: Emulator) -> None:
    environment = {**os.environ, "DATABASE_URL": cluster.database("labs")}
    # The child is a test run of its own, not a worker of this one.
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_CURRENT_TEST"):
        environment.pop(name, None)
    names = [f"tests/labs/{name}" for name in DATABASE]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *names],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    assert "passed" in run.stdout.splitlines()[-1]
    assert "SKIPPED" not in run.stdout
