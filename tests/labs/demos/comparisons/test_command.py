"""Comparing from the command line, as an author does."""

import subprocess
from pathlib import Path

import pytest

from catalogue.patterns.content.pattern import Pattern
from tests.labs.conftest import CONTENT
from tests.labs.helpers.commands import run_command

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300), pytest.mark.usefixtures("emulator")]


def compare(tmp_path: Path, content: Path, *arguments: str, alone: bool = False) -> subprocess.CompletedProcess[str]:
    return run_command("compare", *arguments, var=tmp_path / "var", content=content, alone=alone, seconds=150)


def test_a_comparison_that_holds_ends_with_0_and_shows_the_table(tmp_path: Path, twins: Pattern) -> None:
    done = compare(tmp_path, twins.folder.parent, "postbox", alone=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Post three letters" in done.stdout
    row = next(line for line in done.stdout.splitlines() if "Letters not delivered" in line)
    assert row.split()[-4:] == ["0", "3", "pattern", "better"]
    assert "Every claim holds." in done.stdout


def test_a_claim_that_does_not_hold_ends_with_1(tmp_path: Path, twins: Pattern) -> None:
    file = twins.folder / "compare.yaml"
    file.write_text(file.read_text().replace("naive: {equals: 3}", "naive: {equals: 2}"))
    done = compare(tmp_path, twins.folder.parent, "postbox")
    assert done.returncode == 1
    assert "Not as claimed: lost of naive = 2 (seen: 3)." in done.stderr


def test_a_pattern_without_a_twin_ends_with_1(tmp_path: Path) -> None:
    done = compare(tmp_path, CONTENT, "postbox")
    assert done.returncode == 1
    assert "no compare.yaml or no naive.yaml" in done.stderr
