"""Benchmarks, reliability scenarios and the clean machine start as plain programs, without Django's settings."""

import os
import subprocess
import sys

import pytest

from tests.support.site import ROOT


@pytest.mark.parametrize("module", ["tests.bench", "tests.reliability", "tests.processes.ops.clean_machine"])
def test_a_program_shows_its_help(module: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    run = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "usage:" in run.stdout
