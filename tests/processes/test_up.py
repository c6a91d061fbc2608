"""`manage.py up` with every part real: one line when all answers, restarts, and nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pytest_django.fixtures import Settings

from catalogue.management.commands import up
from tests.support.site import ROOT, Site, descendants, free_port, running_site
from tests.support.waiting import await_true

pytestmark = pytest.mark.lab


def living(pids: dict[int, str]) -> dict[int, str]:
    return {pid: command for pid, command in pids.items() if Path(f"/proc/{pid}").exists()}


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def site_url_of_a_command(var: Path) -> str:
    """What a command that knows only the site's folder takes for its address."""
    bare = {name: value for name, value in os.environ.items() if name not in ("PORT", "SITE_URL")}
    return subprocess.run(
        [sys.executable, "-c", "from catalogue import settings; print(settings.SITE_URL)"],
        cwd=ROOT,
        env={**bare, "VAR_DIR": str(var)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.mark.parametrize("noted", [None, "", "soon"])
def test_a_command_without_a_running_site_takes_the_default_port(tmp_path: Path, noted: str | None) -> None:
    if noted is not None:
        (tmp_path / "port").write_text(noted)
    assert site_url_of_a_command(tmp_path) == "http://127.0.0.1:8000"


def test_no_part_may_be_silent_for_longer_than_hang_seconds(settings: Settings) -> None:
    settings.DEBUG = False
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        tree = up.parts(listening, 2, 4566, ())
    assert len(tree) == 6
    assert {part.patience for part in tree if not part.once} == {settings.HANG_SECONDS}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site"), free_port()) as started:
        yield started


def test_the_line_with_the_address_means_that_pages_and_labs_answer(tmp_path: Path) -> None:
    with running_site(tmp_path, free_port()) as fresh:
        assert httpx.get(fresh.url, timeout=30).status_code == 200
        assert site_url_of_a_command(tmp_path) == fresh.url
        lab = httpx.post(f"{fresh.url}/labs/", json={"pattern": "function-as-a-web-service"}, timeout=60)
        assert lab.status_code == 201, lab.text


def test_stopping_leaves_no_process_and_no_temporary_folder(tmp_path: Path) -> None:
    with running_site(tmp_path, free_port()) as site:
        lab = httpx.post(f"{site.url}/labs/", json={"pattern": "function-as-a-web-service"}, timeout=60).json()
        httpx.get(lab["endpoint"], timeout=60)  # whatever it answers, a worker has been started for it
        await_true(lambda: "labs_janitor" in str(descendants(site.process.pid)), 60)  # the last part to start
        tree = descendants(site.process.pid)
        assert len(tree) >= 4, tree
        with httpx.stream("GET", f"{site.url}/labs/{lab['id']}/events", timeout=60) as watching:
            lines = watching.iter_lines()
            next(line for line in lines if line.startswith("event:"))
            site.process.send_signal(signal.SIGTERM)
            assert "event: gone" not in list(lines), "the stream ends, whole, and its reader may come back"
        assert site.process.wait(25) == 0
        assert not (tmp_path / "port").exists()
        await_true(lambda: not living(tree), 60)
        assert not list(tmp_path.glob("**/tmp*")), "a temporary folder was left"


@pytest.mark.parametrize(
    "part", ["catalogue.labs.embedded.host", "catalogue.processes.server", "newsletter_loop", "labs_janitor"]
)
def test_a_part_that_is_killed_is_back_within_seconds(site: Site, part: str) -> None:
    def running() -> set[int]:
        return {pid for pid, command in descendants(site.process.pid).items() if part in command}

    await_true(running, 60)  # the loops start once the site is up
    before = running()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    await_true(lambda: running() and not running() & before, 60)
    await_true(lambda: answers(f"{site.url}/healthz"), 60)


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = subprocess.run(
            [sys.executable, "manage.py", "up", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "VAR_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert run.stderr.count("\n") == 1
    assert f"Port {port}" in run.stderr
    assert "PORT=" in run.stderr


def test_a_start_that_is_refused_names_the_port_that_was_given_and_all_that_is_missing(tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if name not in ("PORT", "SITE_URL", "FROM_EMAIL")}
    port = free_port()
    refused = subprocess.run(
        [sys.executable, "manage.py", "up", "--port", str(port)],
        cwd=ROOT,
        env={**inherited, "DEBUG": "0", "SECRET_KEY": "0123456789" * 5, "VAR_DIR": str(tmp_path / "var")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert refused.returncode != 0
    assert f"SITE_URL='http://127.0.0.1:{port}'" in refused.stderr
    for what in ("FROM_EMAIL", "https"):
        assert what in refused.stderr
    assert "Traceback" not in refused.stderr
