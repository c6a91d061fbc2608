"""`make` on a machine that is not prepared: which Python it takes, and what it says where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.site import ROOT

TOOLS = ("sh", "make", "rm", "mkdir", "touch", "dirname")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that the first rule needs, and a PATH that holds the tools of a bare machine and no Python."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
    return tmp_path


def make(checkout: Path) -> subprocess.CompletedProcess[str]:
    """Make the environment, with uv at hand but nothing to fetch a Python from."""
    uv = shutil.which("uv") or ROOT / ".tools" / "bin" / "uv"
    if not Path(uv).exists():
        pytest.skip("uv is neither installed nor fetched.")
    bare = {"PATH": str(checkout / "bin"), "HOME": str(checkout), "UV_OFFLINE": "1"}
    return subprocess.run(
        ["make", "--no-print-directory", ".venv/bin/python", f"UV={uv}"],
        cwd=checkout,
        env={**bare, "UV_PYTHON_INSTALL_DIR": str(checkout / "pythons"), "UV_CACHE_DIR": str(checkout / "cache")},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_without_a_python_one_line_says_what_to_install(checkout: Path) -> None:
    run = make(checkout)
    assert run.returncode != 0
    ours = [line for line in run.stderr.splitlines() if not line.startswith("make:")]
    assert len(ours) == 1, run.stderr
    assert "install it" in ours[0]
    assert "3.13" in ours[0]


@pytest.mark.parametrize("version", ["3.13", "3.14"])
def test_an_installed_python_is_used(checkout: Path, version: str) -> None:
    name = f"python{version}"
    python = sys.executable if sys.version.startswith(f"{version}.") else shutil.which(name)
    if python is None:
        pytest.skip(f"There is no {name} here.")
    (checkout / "bin" / name).symlink_to(Path(os.path.realpath(python)))
    run = make(checkout)
    assert run.returncode == 0, run.stderr
    made = subprocess.run([checkout / ".venv/bin/python", "--version"], capture_output=True, text=True, check=True)
    assert f"Python {version}." in made.stdout


def test_a_python_that_pyenv_keeps_is_used_although_its_shim_offers_another(checkout: Path) -> None:
    """A shim without a version file refuses to run; the interpreter behind it is there all the same."""
    kept = checkout / ".pyenv" / "versions" / "3.13.0" / "bin"
    kept.mkdir(parents=True)
    (kept / "python").symlink_to(Path(os.path.realpath(sys.executable)))
    shim = checkout / "bin" / "python3.13"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    run = make(checkout)
    assert run.returncode == 0, run.stderr
    assert (checkout / ".venv/bin/python").exists()
