"""Trying a pattern from the command line, as an author does."""

import subprocess
from pathlib import Path

import pytest

from tests.labs.helpers.commands import run_command

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("emulator")]
CONTENT = Path(__file__).parents[2] / "content"


def try_pattern(tmp_path: Path, *arguments: str, alone: bool = False) -> subprocess.CompletedProcess[str]:
    return run_command("try_pattern", *arguments, var=tmp_path, content=CONTENT, alone=alone, seconds=120)


def test_a_pattern_that_holds_ends_with_0_and_leaves_nothing(tmp_path: Path) -> None:
    done = try_pattern(tmp_path, "postbox", "--step", "look", "--logs", alone=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "look: Look at the counter" in done.stdout
    assert "Web ran" in done.stdout
    assert "Every step passed." in done.stdout
    assert list((tmp_path / "embedded").iterdir()) == []


def test_a_lever_is_pulled_and_put_right(tmp_path: Path) -> None:
    done = try_pattern(tmp_path, "postbox", "--lever", "close-the-worker", "--lever", "unknown-queue")
    assert "close-the-worker: release" in done.stdout
    assert "ok  Letters visible ≥ 1" in done.stdout
    assert "look: Look at the counter" not in done.stdout
    assert done.returncode == 1
    assert "Not as expected: unknown-queue." in done.stderr


def test_a_pattern_that_cannot_be_deployed_ends_with_1_and_the_reason(tmp_path: Path) -> None:
    done = try_pattern(tmp_path, "broken")
    assert done.returncode == 1
    assert "VisibilityTimeout" in done.stderr
