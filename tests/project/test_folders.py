"""Each folder's top level is small enough to be read at a glance."""

import subprocess
from collections import defaultdict

from tests.support.site import ROOT

MOST = 12
_MARKERS = {"__init__.py", "conftest.py"}
"""Python and pytest look for these under these names: they say nothing of a folder's content."""
ONE_FOR_EACH = {
    "catalogue/labs/services": "a file for each AWS service",
    "catalogue/newsletter/management/console/diagnosis/checks": "a file for each check",
    "catalogue/patterns/content/checks": "a file for each file of a pattern that is checked",
    "catalogue/patterns/services": "a file for each AWS service",
    "findings": "a script for each finding",
    "patterns_content": "a folder for each pattern",
    "static/icons/services": "a file for each AWS service",
    "tests/labs/fidelity": "a file for each pattern",
    "tests/patterns/content/checks": "a file for each module of catalogue/patterns/content/checks",
}
"""Folders in which one file for each item is the design."""
LARGER = {
    ".": "tools look for their files here: Makefile, pyproject.toml, requirements*.txt, README.md",
    "catalogue/labs": "aws/ and embedded/ are to move below targets/",
    "static/css/components": "one too many, not divided yet",
    "templates": "one too many, not divided yet",
}
"""Other folders that hold more, each with the reason. The list only shrinks."""


def larger_folders() -> dict[str, int]:
    """Folders of the repository with more than `MOST` entries, and how many these are."""
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    entries: dict[str, set[str]] = defaultdict(set)
    for file in files:
        parts = file.split("/")
        for depth, name in enumerate(parts):
            if name not in _MARKERS:
                entries["/".join(parts[:depth]) or "."].add(name)
    return {folder: len(names) for folder, names in entries.items() if len(names) > MOST}


def test_a_folder_holds_at_most_a_dozen_entries_or_is_listed_with_the_reason() -> None:
    assert {folder: count for folder, count in larger_folders().items() if folder not in LARGER | ONE_FOR_EACH} == {}


def test_no_folder_is_listed_that_holds_no_more_than_the_others() -> None:
    assert LARGER.keys() - larger_folders().keys() == set()
