"""The outcomes of a ledger's tests are written down for the report of a run on AWS."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TESTS = """
import pytest

@pytest.mark.ledger("s", "r")
@pytest.mark.parametrize("n", [1, 2])
def test_one_of_two_fails(n): assert n == 1

@pytest.mark.ledger("s", "r")
def test_passes(): pass

@pytest.mark.ledger("s", "r")
def test_is_skipped(): pytest.skip()

def test_is_of_no_ledger(): pass
"""


def test_they_are_written_by_name(tmp_path: Path) -> None:
    (tmp_path / "test_rows.py").write_text(TESTS)
    written = tmp_path / "outcomes.json"
    options = ["-p", "tests.support.ledger_outcomes", "--ledger-outcomes", str(written), "--rootdir", str(tmp_path)]
    quiet = ["-q", "-p", "no:django", "-p", "no:cacheprovider", "-c", "/dev/null", "--import-mode=importlib"]
    command = [sys.executable, "-m", "pytest", *options, *quiet, str(tmp_path / "test_rows.py")]
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert json.loads(written.read_text()) == {
        "test_rows.py::test_one_of_two_fails": False,
        "test_rows.py::test_passes": True,
    }
