"""Recording a pattern's demo from the command line, as an author does before publishing."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from catalogue.labs.demos.runs.taking import MOST_BYTES
from catalogue.patterns.content.pattern import load_pattern
from catalogue.patterns.runs.recorded import recorded_run, recorded_text
from tests.labs.helpers.commands import run_command

CONTENT = Path(__file__).parents[2] / "content"
pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("emulator")]


def record_run(tmp_path: Path, *arguments: str, alone: bool = False) -> subprocess.CompletedProcess[str]:
    return run_command("record_run", *arguments, var=tmp_path / "var", content=tmp_path / "content", alone=alone)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONTENT / "postbox", tmp_path / "content" / "postbox"))


def test_the_whole_demo_is_recorded_as_one_run_of_the_present_content(tmp_path: Path, folder: Path) -> None:
    assert record_run(tmp_path, "--check").returncode == 1
    done = record_run(tmp_path, "postbox", alone=True)
    assert done.returncode == 0, done.stdout + done.stderr
    pattern = load_pattern(folder)
    run = recorded_run(pattern)
    assert run is not None
    assert pattern.demo is not None
    assert [action.id for action in run.actions] == [step.id for step in pattern.demo.steps]
    assert all(check.ok for action in run.actions for check in action.checks)
    assert {event.kind for event in run.events} == {"request", "invocation", "log", "gauge"}
    text = (folder / "recorded.json").read_text()
    assert text == recorded_text(run)
    assert len(text.encode()) <= MOST_BYTES
    assert "127.0.0.1" not in text
    assert "/live/" not in text
    assert record_run(tmp_path, "--check").returncode == 0
    again = record_run(tmp_path)
    assert "Every recorded run is up to date." in again.stdout
    assert (folder / "recorded.json").read_text() == text


def test_a_demo_that_does_not_go_as_it_says_is_not_recorded(tmp_path: Path, folder: Path) -> None:
    demo = folder / "demo.yaml"
    demo.write_text(demo.read_text().replace("statuses: {202: 5}", "statuses: {201: 5}"))
    done = record_run(tmp_path, "postbox")
    assert done.returncode == 1
    assert "postbox, post: expected answers 5 × 201, saw 5 × 202" in done.stderr
    assert "Not recorded: postbox." in done.stderr
    assert not (folder / "recorded.json").exists()


def test_a_pattern_without_a_demo_or_without_a_folder_is_refused(tmp_path: Path, folder: Path) -> None:
    (folder / "demo.yaml").unlink()
    assert "nothing to record: postbox" in record_run(tmp_path, "postbox").stderr
    assert record_run(tmp_path, "no-such").returncode == 1


def test_a_file_that_no_one_can_read_is_reported_with_its_line(tmp_path: Path, folder: Path) -> None:
    (folder / "recorded.json").write_text(json.dumps({"version": 1}))
    done = record_run(tmp_path, "--check")
    assert done.returncode == 1
    assert "recorded.json:1: The recorded run cannot be read" in done.stdout
