"""Installs a function's requirements.txt for its zip, as `sam build` does: once for each content, kept under VAR_DIR.

Only wheels of exact versions are taken, so no code of a package runs here. pip comes with Python (ensurepip's own
copy), since an environment made by uv has none.
"""

import hashlib
import os
import shutil
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from catalogue.base.target_names import AWS
from catalogue.labs.lifecycle.packaging.installing import NotInstalled, install
from catalogue.patterns.cloudformation.requirements import packages, refused

INSTALL_SECONDS = 120
MOST_BYTES = 60 * 2**20
"""Unpacked. Lambda takes 250 MB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html. The emulator
keeps every function's zip in memory."""
MOST_KEPT = 20
"""Folders of packages under VAR_DIR; the ones that were used longest ago go first."""
_WHEEL_PLATFORM = {"x86_64": "manylinux2014_x86_64", "arm64": "manylinux2014_aarch64"}
_turn = threading.Lock()


def installed(text: str, runtime: str = "python3.13", architecture: str = "x86_64") -> dict[str, bytes]:
    """Files of the packages that a requirements.txt names, by their path in the zip. Raises NotInstalled.

    On the embedded AWS they are those for this machine, which runs the functions; on AWS those for the function's
    runtime and architecture.
    """
    for line, reason in refused(text):
        raise NotInstalled(f"requirements.txt, line {line}: {reason}.")
    wanted = packages(text)
    if not wanted:
        return {}
    with _turn:
        return _read(_folder("\n".join(wanted), _platform(runtime, architecture)))


def installed_freely(lines: str) -> dict[str, bytes]:
    """The same for a reader's own project on their own machine: any versions, as pip chooses. Raises NotInstalled."""
    if not lines.strip():
        return {}
    with _turn:
        return _read(_folder(lines, []))


def _platform(runtime: str, architecture: str) -> list[str]:
    """pip's options for the machine that the packages are for."""
    if settings.LABS_TARGET != AWS:
        return []
    version = runtime.removeprefix("python")
    wheels = _WHEEL_PLATFORM.get(architecture, _WHEEL_PLATFORM["x86_64"])
    return ["--platform", wheels, "--python-version", version, "--implementation", "cp"]


def _folder(wanted: str, platform: list[str]) -> Path:
    made_of = "\n".join([wanted, *platform, sys.version, sys.platform, os.uname().machine])
    parent: Path = settings.VAR_DIR / "packages"
    kept = parent / hashlib.sha256(made_of.encode()).hexdigest()[:32]
    if kept.is_dir():
        with suppress(OSError):
            os.utime(kept)
        return kept
    parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".", dir=parent))
    try:
        _install(wanted, platform, fresh)
        with suppress(OSError):  # another process has been as quick
            fresh.rename(kept)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    for old in sorted(parent.glob("[0-9a-f]*"), key=lambda path: path.stat().st_mtime)[:-MOST_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return kept


def _install(wanted: str, platform: list[str], folder: Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(wanted)
        file.flush()
        command = [
            *(sys.executable, "-I", str(_pip()), "install", "--quiet", "--disable-pip-version-check", "--no-input"),
            *("--no-compile", "--only-binary", ":all:", "--target", str(folder), "--requirement", file.name),
            *platform,
        ]
        count = len(wanted.splitlines())
        what = f"pip: {count} package{'' if count == 1 else 's'} and what they need"
        done = install(command, folder, what, seconds=INSTALL_SECONDS, most_bytes=MOST_BYTES, prefix=("PIP_",))
    if done.code:
        errors = [line for line in done.errors.splitlines() if line.startswith("ERROR:")]
        raise NotInstalled(f"pip could not install the packages. {(errors or ['It gave no reason.'])[-1]}")


def _pip() -> Path:
    """The copy of pip that Python brings along, which can be run as it is. Raises NotInstalled."""
    # Debian's python3 lacks it without python3-venv, and only functions with packages need it.
    import ensurepip

    wheels = sorted(Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"))
    if not wheels:
        raise NotInstalled("This Python brings no pip along (on Debian: apt install python3-venv).")
    return wheels[-1] / "pip"


def _read(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.relative_to(folder).parts[0] != "bin"
    }
