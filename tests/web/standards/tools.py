"""The checkers that are npm packages, at the versions of `package.json`: installed under `.tools/`, once a version.

    python -m tests.web.standards.tools          what the test suite uses: axe-core, Mermaid and others
    python -m tests.web.standards.tools --all    the linters of OpenAPI and Lighthouse, too

They are no part of the site: nothing but tests and `make` knows them.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.site import ROOT

PACKAGES = Path(__file__).with_name("package.json")
SECONDS = 600


def folder(*, everything: bool = False) -> Path:
    """Where the packages of these versions are, installed or not."""
    version = hashlib.sha256(PACKAGES.read_bytes()).hexdigest()[:12]
    return ROOT / ".tools" / f"npm-{'all' if everything else 'tests'}-{version}"


def install(*, everything: bool = False) -> str:
    """Install what is missing. The reason why that cannot be done, or nothing."""
    home = folder(everything=everything)
    if (home / "done").exists():
        return ""
    if shutil.which("npm") is None:
        return "npm is not installed (on Debian: apt install npm)"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:  # several processes of a test run may want it at the same time
        fcntl.flock(lock, fcntl.LOCK_EX)
        return "" if (home / "done").exists() else _install(home, everything=everything)


def _install(home: Path, *, everything: bool) -> str:
    shutil.copy(PACKAGES, home / "package.json")
    command = ["npm", "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    command += [] if everything else ["--omit=dev"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        return f"npm could not install the packages of {PACKAGES.relative_to(ROOT)}: {done.stderr.strip()[-300:]}"
    (home / "done").touch()
    return ""


def file_of(package: str, path: str) -> Path:
    """A file of a package for tests. Skips the test if it cannot be had, or fails it with REQUIRE_STANDARDS=1."""
    reason = install()
    if reason:
        unavailable(reason)
    return folder() / "node_modules" / package / path


def unavailable(reason: str) -> None:
    if os.environ.get("REQUIRE_STANDARDS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str) -> str:
    """The command of a package among all of them. Ends the process with the reason if it cannot be had."""
    reason = install(everything=True)
    if reason:
        sys.exit(reason)
    return str(folder(everything=True) / "node_modules" / ".bin" / name)


if __name__ == "__main__":
    sys.exit(install(everything="--all" in sys.argv[1:]) or None)
