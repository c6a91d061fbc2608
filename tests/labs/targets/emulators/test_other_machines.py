"""Emulators that run alone, on addresses of their own as on machines of their own, and one site that uses both."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import pytest

from catalogue.labs.embedded.process import healthy
from tests.support.site import ROOT, free_port, running_site
from tests.support.waiting import await_true

pytestmark = pytest.mark.lab
PATTERN = "function-as-a-web-service"
SECRET_KEY = "one-key-for-the-site-and-its-emulators-" + "x" * 20


@contextmanager
def emulator_at(host: str, var: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Its address, and its process."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "emulator", "--host", host, "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "VAR_DIR": str(var), "SECRET_KEY": SECRET_KEY},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield f"http://{host}:{json.loads(process.stdout.readline())['port']}", process
    finally:
        process.terminate()
        process.wait(60)


def test_a_site_runs_labs_on_two_machines_and_loses_only_those_of_one_that_ends(tmp_path: Path) -> None:
    with ExitStack() as stack:
        near, _ = stack.enter_context(emulator_at("127.0.0.1", tmp_path / "near"))
        far, ending = stack.enter_context(emulator_at("127.0.0.2", tmp_path / "far"))
        database = f"sqlite:///{tmp_path}/site/db.sqlite3"  # looked into below, whatever this test run's own is
        more = {"LABS_ENDPOINTS": f"{near},{far}", "SECRET_KEY": SECRET_KEY, "DATABASE_URL": database}
        site = stack.enter_context(running_site(tmp_path / "site", free_port(), **more))
        client = stack.enter_context(httpx.Client(base_url=site.url, timeout=30))
        labs = [client.post("/labs/", json={"pattern": PATTERN}) for _ in range(2)]
        assert [made.status_code for made in labs] == [201, 201], [made.text for made in labs]
        ids = [made.json()["id"] for made in labs]
        for lab_id in ids:
            assert client.get(f"/live/{lab_id}/zones").status_code == 200
        with closing(sqlite3.connect(site.var / "db.sqlite3")) as rows:
            places = dict(rows.execute("SELECT endpoint, id FROM labs_lab").fetchall())
        assert set(places) == {near, far}, "the second goes to the emulator with fewer labs"

        ending.terminate()
        ending.wait(60)
        await_true(lambda: not healthy(far), 60)
        assert client.get(f"/live/{places[far]}/zones").status_code in (410, 503)
        assert client.get(f"/live/{places[near]}/zones").status_code == 200
        assert client.post("/labs/", json={"pattern": PATTERN}).status_code == 201, "on the one that is left"


def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    with emulator_at("127.0.0.1", tmp_path / "one") as (address, _):
        refused = subprocess.run(
            [sys.executable, "manage.py", "emulator", "--port", address.rpartition(":")[2]],
            cwd=ROOT,
            env={**os.environ, "VAR_DIR": str(tmp_path / "two"), "SECRET_KEY": SECRET_KEY},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert refused.returncode == 1
    assert "cannot be used" in refused.stdout
    assert "Traceback" not in refused.stderr
