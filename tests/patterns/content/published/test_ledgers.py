"""Every row of every ledger is tied to the assertion that shows it, and every such assertion to its row.

Steps and levers are taken by tests/labs/demos/test_demos.py and tests/labs/demos/boards/test_levers.py on a real
stack. That they are there and claim something is E076 of the content's checks. Here the tests that rows name are asked
for: collected by pytest, and marked with `@pytest.mark.ledger("<slug>", "<row id>")`.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from catalogue.patterns.content.checks import ledger as ledger_checks
from catalogue.patterns.content.pattern import Pattern, load_pattern, pattern_folders
from catalogue.patterns.content.schemas.ledger import LedgerEntry

ROOT = Path(__file__).parents[4]
KEPT = [
    folder.name
    for folder in pattern_folders(Path(settings.BASE_DIR / "patterns_content"))
    if (folder / "ledger.yaml").exists()
]


@dataclass(frozen=True)
class Marked:
    test: str
    slug: str
    row: str


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> set[Marked]:
    """The marks of all tests, as pytest itself collects them."""
    files = [
        str(file.relative_to(ROOT))
        for file in sorted((ROOT / "tests").rglob("test_*.py"))
        if "mark.ledger(" in file.read_text("utf-8") and file != Path(__file__)
    ]
    if not files:
        return set()
    target = tmp_path_factory.mktemp("ledgers") / "marks.json"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.ledger_marks", "--ledger-marks", str(target)]
    done = subprocess.run(
        [*command, "--collect-only", "-q", *files], cwd=ROOT, env=plain, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return {Marked(**each) for each in json.loads(target.read_text("utf-8"))}


def rows(slug: str) -> tuple[Pattern, tuple[LedgerEntry, ...]]:
    pattern = load_pattern(Path(settings.BASE_DIR / "patterns_content" / slug))
    assert pattern.ledger is not None
    return pattern, pattern.ledger.rows


@pytest.mark.parametrize("slug", KEPT)
def test_every_step_and_lever_that_a_row_names_is_there_and_claims_something(slug: str) -> None:
    pattern, _ = rows(slug)
    assert [str(mistake) for mistake in ledger_checks.check(pattern)] == []


@pytest.mark.parametrize("slug", KEPT)
def test_every_test_that_a_row_names_is_collected_and_marked_for_it(slug: str, marked: set[Marked]) -> None:
    _, kept = rows(slug)
    named = {Marked(test, slug, row.id) for row in kept for test in row.proof.tests}
    assert named - marked == set(), "these tests do not exist, or do not carry the mark of their row"


@pytest.mark.parametrize("slug", KEPT)
def test_a_difference_is_shown_by_a_test(slug: str) -> None:
    _, kept = rows(slug)
    assert [row.id for row in kept if row.difference and not row.proof.tests] == []


def test_every_mark_names_a_row_that_names_its_test(marked: set[Marked]) -> None:
    named = {Marked(test, slug, row.id) for slug in KEPT for row in rows(slug)[1] for test in row.proof.tests}
    assert marked - named == set(), "these marks name no row, or a row that does not name the test"
