"""The Nu HTML checker, which is the W3C's, finds no error in a page of any kind or state."""

import json
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.site import Site
from tests.web.standards import tools
from tests.web.standards.documents import documents

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]


def errors_of(folder: Path) -> dict[str, list[str]]:
    """What the checker says of every HTML file of the folder: pages by message."""
    if shutil.which("java") is None:
        tools.unavailable("Java is not installed (on Debian: apt install default-jre-headless)")
    checker = tools.file_of("vnu-jar", "build/dist/vnu.jar")
    command = ["java", "-Xss1m", "-jar", str(checker), "--format", "json", "--stdout", "--errors-only", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    found: dict[str, list[str]] = defaultdict(list)
    for message in json.loads(done.stdout)["messages"]:
        page = Path(message.get("url", "")).stem
        found[message["message"]].append(f"{page}:{message.get('lastLine')}: {message.get('extract', '')}")
    return found


def test_the_checker_reports_an_error(tmp_path: Path) -> None:
    (tmp_path / "wrong.html").write_text('<!doctype html><html lang="en"><title>Wrong</title><p><table role="row">')
    assert errors_of(tmp_path)


def test_no_page_has_an_error(site: Site, tmp_path: Path) -> None:
    tools.file_of("vnu-jar", "package.json")
    pages = documents(site)
    for name, html in pages.items():
        (tmp_path / f"{name.replace('/', '_')}.html").write_text(html)

    assert len(pages) > 60
    assert errors_of(tmp_path) == {}
