"""Work in a copy of the process: its effects and errors arrive, its memory does not."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.core.management.base import SystemCheckError as CheckError

from tests.support.site import ROOT

START = "from catalogue.processes.apart import run_apart\nimport os, sys\n"


def run(script: str) -> "subprocess.CompletedProcess[str]":
    """In a process of its own: the suite's has threads, and cannot be copied."""
    return subprocess.run([sys.executable, "-c", START + script], cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_effects_outside_last_and_memory_is_not_kept(tmp_path: Path) -> None:
    done = run(
        f"def work():\n import sqlite3; open({str(tmp_path / 'file')!r}, 'w').write(str(os.getpid())); print('said')\n"
        "run_apart(work); print('sqlite3' in sys.modules, os.getpid())"
    )

    assert done.returncode == 0, done.stderr
    said, loaded, pid = done.stdout.split()
    assert (said, loaded) == ("said", "False")
    assert (tmp_path / "file").read_text() not in ("", pid)


@pytest.mark.parametrize("error", [CommandError("no room", returncode=3), CheckError("two mistakes"), SystemExit(4)])
def test_an_error_is_raised_as_itself(error: BaseException) -> None:
    made = (
        "CommandError('no room', returncode=3)"
        if type(error) is CommandError
        else "SystemCheckError('two mistakes')"
        if isinstance(error, CheckError)
        else "SystemExit(4)"
    )
    done = run(
        "from django.core.management.base import CommandError, SystemCheckError\n"
        f"def work(): raise {made}\n"
        "try: run_apart(work)\n"
        "except BaseException as error: print(type(error).__name__, error, getattr(error, 'returncode', ''))"
    )

    assert done.stdout.split() == [type(error).__name__, *str(error).split(), *_code(error)]
    assert "Traceback" not in done.stderr


def _code(error: BaseException) -> list[str]:
    return [str(error.returncode)] if isinstance(error, CommandError) else []


@pytest.mark.parametrize("work", ["os._exit(0)", "os.kill(os.getpid(), 9)", "raise type('Odd', (Exception,), {})()"])
def test_a_copy_that_ends_without_a_result_is_an_error(work: str) -> None:
    done = run(f"def work(): {work}\nrun_apart(work)\nprint('went on')")

    assert done.returncode == 1
    assert "ApartError" in done.stderr
    assert "went on" not in done.stdout


def test_what_the_caller_would_clean_up_is_left_to_it() -> None:
    done = run(
        "def work(): raise ValueError('mistake')\n"
        "try:\n run_apart(work)\nexcept ValueError: pass\nfinally: print('cleaned', end=' ')"
    )

    assert done.stdout == "cleaned "
