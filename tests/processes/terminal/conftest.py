"""`serverless-patterns open`, run as a reader runs it: a process of its own, in a folder with a project."""

import json
import os
import select
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.support.ports import free_port
from tests.support.site import ROOT

SECONDS = 120
"""A guard against waiting forever."""


@dataclass(frozen=True)
class Opened:
    process: subprocess.Popen[str]
    document: dict[str, Any]
    temporary: Path
    """The folder in which it may put what it needs."""
    errors: Path
    """What it says beside its lines of JSON."""

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: Message


def call(address: str, method: str = "GET", body: str | None = None, **headers: str) -> Answer:
    data = None if body is None else body.encode()
    request = urllib.request.Request(address, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return Answer(response.status, response.read().decode(), response.headers)
    except HTTPError as error:
        return Answer(error.code, error.read().decode(), error.headers)


def environment(temporary: Path) -> dict[str, str]:
    given = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG") or name.startswith("PIP_")
    }
    return {**given, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "catalogue.management.terminal.main", *arguments]


type Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def opened_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Opens a project's folder and waits until its line of JSON is there; ends what still runs at the end."""
    running: list[subprocess.Popen[str]] = []

    def open_it(folder: Path, *options: str) -> Opened:
        temporary = tmp_path_factory.mktemp("temporary")
        said = temporary.parent / f"{temporary.name}-errors"
        errors = said.open("w+")
        process = subprocess.Popen(
            command("open", "--json", "--no-browser", "--port", str(free_port()), *options),
            cwd=folder,
            env=environment(temporary),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], SECONDS)
        line = process.stdout.readline() if readable else ""
        if not line:
            errors.seek(0)
            pytest.fail(f"No line came: {errors.read()}")
        return Opened(process, json.loads(line), temporary, said)

    yield open_it
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(SECONDS)
