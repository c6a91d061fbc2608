"""The installable package: built by `make wheel`, it has the content and the pages in it and runs anywhere."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.site import ROOT


@pytest.fixture(scope="module")
def uv() -> str:
    found = shutil.which("uv") or ROOT / ".tools" / "bin" / "uv"
    if not Path(found).exists():
        pytest.skip("uv is neither installed nor fetched.")
    return str(found)


@pytest.fixture(scope="module")
def installed(uv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a fresh environment that has nothing but the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    for command in (
        [uv, "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT)],
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv")],
    ):
        subprocess.run(command, check=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    pinned = ["--constraint", str(ROOT / "requirements.txt")]
    install = [uv, "pip", "install", "--quiet", "--python", str(folder / "venv"), *pinned, str(wheel)]
    subprocess.run(install, check=True, timeout=240)
    return folder / "venv" / "bin" / "serverless-patterns"


def run(command: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    bare = {"PATH": os.defpath, "HOME": str(cwd), "TMPDIR": str(cwd)}
    return subprocess.run(
        [str(command), *arguments], cwd=cwd, env=bare, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_installed_command_lists_every_published_pattern(installed: Path, tmp_path: Path) -> None:
    done = run(installed, "list", "--json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    slugs = {json.loads(line)["slug"] for line in done.stdout.splitlines()}
    assert slugs == {
        folder.name for folder in (ROOT / "patterns_content").iterdir() if (folder / "pattern.md").exists()
    }


def test_it_writes_a_pattern_as_a_project_and_leaves_nothing_else(installed: Path, tmp_path: Path) -> None:
    done = run(installed, "init", "claim-check", "mine", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    source = ROOT / "patterns_content" / "claim-check" / "template.yaml"
    assert (tmp_path / "mine" / "template.yaml").read_text("utf-8") == source.read_text("utf-8")
    assert (tmp_path / "mine" / "LICENSE").is_file()
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine"]


def test_it_overwrites_no_folder_with_something_in_it(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "claim-check").mkdir()
    (tmp_path / "claim-check" / "notes.txt").write_text("mine")

    done = run(installed, "init", "claim-check", cwd=tmp_path)

    assert done.returncode == 2
    assert "exists and is not empty" in done.stderr
    assert [entry.name for entry in (tmp_path / "claim-check").iterdir()] == ["notes.txt"]


def test_it_searches_for_words(installed: Path, tmp_path: Path) -> None:
    found = run(installed, "search", "bursts", "queue", cwd=tmp_path)
    nothing = run(installed, "search", "zzzz", cwd=tmp_path)

    assert "queue-based-load-leveling" in found.stdout
    assert (nothing.returncode, nothing.stdout) == (1, "")


def test_it_draws_a_template_without_the_servers_extras(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text((ROOT / "patterns_content" / "claim-check" / "template.yaml").read_text())

    done = run(installed, "open", "--draw-only", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert " -> " in done.stdout
    packages = {path.name for path in installed.parents[1].glob("lib/python*/site-packages/*")}
    assert not {"psycopg", "redis", "cfnlint"} & packages
