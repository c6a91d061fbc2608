"""The emulator's process: scrubbed, alone, and gone without a trace."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django import Settings

from catalogue.labs.embedded import process
from catalogue.labs.embedded.process import EmulatorDidNotStart
from tests.support.site import descendants
from tests.support.waiting import await_true


def test_it_sees_nothing_of_its_starters_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the deployer's own")
    monkeypatch.setenv("SECRET_KEY", "the site's own")
    with process.running() as emulator:
        pids = [emulator.process.pid, *descendants(emulator.process.pid)]
        environment = "".join(Path(f"/proc/{pid}/environ").read_text() for pid in pids)
    assert "the deployer's own" not in environment
    assert "the site's own" not in environment
    assert "AUTH=true" in environment


def test_stopping_leaves_no_folder_and_no_process(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    emulator = process.start()
    (folder,) = process.folder().iterdir()
    assert folder.name.startswith(f"{emulator.process.pid}-")
    emulator.stop()
    emulator.stop()
    assert list(process.folder().iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.killpg(emulator.process.pid, 0)


def test_the_next_start_removes_what_a_kill_left(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    emulator = process.start()
    os.kill(emulator.process.pid, signal.SIGKILL)
    emulator.stop()
    (left,) = process.folder().iterdir()
    with process.running():
        assert left not in process.folder().iterdir()


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    starter = (
        "import django; django.setup()\n"
        "from catalogue.labs.embedded import process\n"
        "emulator = process.start(); print(emulator.process.pid, flush=True); input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter],
        cwd=settings.BASE_DIR,
        env={**os.environ, "VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "catalogue.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    await_true(lambda: not list((tmp_path / "embedded").iterdir()), 60)
    await_true(lambda: not Path(f"/proc/{pid}").exists(), 60)


def test_a_taken_port_is_reported_by_who_starts_it(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(EmulatorDidNotStart, match="cannot be used: Address already in use"):
            process.start(taken.getsockname()[1])
    assert capfd.readouterr().err == ""
