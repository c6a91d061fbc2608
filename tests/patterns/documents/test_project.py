"""The download: whole, deployable, and the same bytes for the same content."""

import io
import os
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern, load_pattern
from catalogue.patterns.documents.download.project import build_project, project_files
from tests.patterns.support.example import write_pattern


@pytest.fixture
def pattern(tmp_path: Path, settings: Any) -> Pattern:
    settings.CONTENT_DIR = tmp_path
    write_pattern(tmp_path)
    return library().get("parcel-counter")


def test_the_zip_holds_every_file_that_is_deployed_in_one_folder(pattern: Pattern) -> None:
    with zipfile.ZipFile(io.BytesIO(build_project(pattern))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "parcel-counter/.gitignore",
            "parcel-counter/LICENSE",
            "parcel-counter/README.md",
            "parcel-counter/demo.yaml",
            "parcel-counter/functions/web/app.py",
            "parcel-counter/samconfig.toml",
            "parcel-counter/template.yaml",
        ]
        shown = pattern.file("functions/web/app.py").text
        assert archive.read("parcel-counter/functions/web/app.py").decode() == shown
        assert all(entry.external_attr >> 16 == 0o100644 for entry in archive.infolist())


def test_the_same_content_gives_the_same_bytes(pattern: Pattern, tmp_path: Path) -> None:
    first = build_project(pattern)
    for file in pattern.folder.rglob("*"):
        now = time.time() + 5000
        file.touch()
        os.utime(file, (now, now))

    assert build_project(load_pattern(pattern.folder)) == first


def test_other_content_gives_other_bytes(pattern: Pattern) -> None:
    first = build_project(pattern)
    handler = pattern.folder / "functions/web/app.py"
    handler.write_text(handler.read_text() + "\n# changed\n")

    assert build_project(load_pattern(pattern.folder)) != first


def test_the_readme_tells_how_to_deploy_try_watch_and_delete(pattern: Pattern) -> None:
    readme = project_files(pattern)["README.md"]

    for words in (
        "sam build\nsam deploy --guided",
        "STACK=parcel-counter\n",
        'curl -i "$ENDPOINT/hello/Ada"',
        "Expect: status 200.",
        "sam logs --stack-name parcel-counter --tail",
        "sam delete --stack-name parcel-counter",
        "$0.20 per 1 million requests",
        "Apache License 2.0",
    ):
        assert words in readme


def test_a_project_brings_the_tests_of_its_handlers_with_all_that_they_need(pattern: Pattern) -> None:
    assert not [path for path in project_files(pattern) if path.startswith("tests/")]
    assert "## Test the handlers" not in project_files(pattern)["README.md"]
    tests = pattern.folder / "tests"
    tests.mkdir()
    (tests / "test_parcel_counter.py").write_text("def test_web(load_handler): ...\n")

    tested = load_pattern(pattern.folder)
    files = project_files(tested)

    support = {"tests/conftest.py", "tests/handler_tests.py", "tests/requirements.txt", "pytest.ini"}
    assert support | {"tests/test_parcel_counter.py"} <= files.keys()
    assert "## Test the handlers" in files["README.md"]
    assert "tests/test_parcel_counter.py" not in [file.path for file in tested.files], "pages show no tests"
    assert tested.content_hash != pattern.content_hash, "so that a build makes the download again"
    assert tested.run_hash == pattern.run_hash, "so that the recording stays"


def test_every_command_of_every_readme_is_shell_that_parses() -> None:
    for pattern in library().patterns():
        readme = project_files(pattern)["README.md"]
        for block in readme.split("```sh\n")[1:]:
            script = block.partition("\n```")[0]
            checked = subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True)
            assert checked.returncode == 0, (pattern.slug, script, checked.stderr)
