"""The tests in a download run in its folder, with the commands that its README states."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from catalogue.patterns.content.pattern import pattern_folders
from tests.patterns.downloads.conftest import unpacked
from tests.patterns.downloads.readme import commands_of
from tests.support.site import Site

pytestmark = pytest.mark.timeout(600)  # two of them search through a thousand orders of events
SLUGS = [folder.name for folder in pattern_folders(Path(settings.BASE_DIR) / "patterns_content")]
SUPPORT = Path(settings.BASE_DIR) / "catalogue/patterns/documents/download/test_support"
ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}


@pytest.mark.parametrize("slug", SLUGS)
def test_the_tests_of_a_download_pass_in_its_folder(slug: str, site: Site, tmp_path: Path) -> None:
    """With this project's own packages, which are of the versions that the README has installed."""
    folder = unpacked(site, slug, tmp_path)
    (command,) = [
        command
        for command in commands_of((folder / "README.md").read_text("utf-8"))
        if command.section == "Test the handlers"
    ]
    *_, last = command.script.splitlines()
    words = last.split()
    assert words[0] == ".venv/bin/python"
    done = subprocess.run(
        [sys.executable, *words[1:], "-q", "-p", "no:cacheprovider", "-p", "no:django", "-p", "no:schemathesis"],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert re.search(r"\b[1-9]\d* passed\b", done.stdout)


def test_the_versions_that_a_download_installs_are_those_of_this_suite() -> None:
    pinned = (Path(settings.BASE_DIR) / "requirements-dev.txt").read_text("utf-8").lower()
    wanted = (SUPPORT / "requirements.txt").read_text("utf-8").split()
    assert wanted
    for line in wanted:
        assert re.search(rf"^{re.escape(line)}(\s|$)", pinned, re.MULTILINE), line


def test_what_the_tests_of_handlers_import_is_in_the_download() -> None:
    """Nothing of the site, so that they run without it."""
    for file in [*SUPPORT.glob("*.py"), *Path(settings.BASE_DIR).glob("patterns_content/*/tests/*.py")]:
        assert not re.search(r"^\s*(from|import) (catalogue|tests|django)\b", file.read_text("utf-8"), re.MULTILINE), (
            file
        )
