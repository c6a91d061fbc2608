"""The real SAM CLI, and a reader at its prompts.

It weighs more than this project (327 MB, about 40 s of CPU to install), so that only REQUIRE_SAM=1 installs it: once,
under var/, in an environment of its own. Without it, one that is on the path is used, or the tests are skipped.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings

VERSION = "1.170.0"
_PROMPT = re.compile(r"[^\n]*\[[^\]\n]*\]: $")
"""A question with its default: `Stack Name [gateway-proxy]: `, `Deploy this changeset? [y/N]: `."""


def sam_cli() -> str:
    """Where `sam` is. Skips the test without it."""
    if os.environ.get("REQUIRE_SAM") == "1":
        return str(_installed() / "bin" / "sam")
    if (found := shutil.which("sam")) is None:
        pytest.skip("The SAM CLI is not installed (REQUIRE_SAM=1 installs it).")
    return found


def _installed() -> Path:
    folder = Path(settings.BASE_DIR) / "var" / f"sam-cli-{VERSION}"
    folder.parent.mkdir(exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"aws-sam-cli=={VERSION}"]
            subprocess.run([folder / "bin" / "python", *install], check=True)
            (folder / "complete").touch()
    return folder


class Sam:
    """Runs `sam` in a folder, and answers what it asks: `y` where only that goes on, else the default."""

    def __init__(self, cli: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.cli, self.folder = cli, folder
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": path, "HOME": str(folder), "LANG": "C.UTF-8", "SAM_CLI_TELEMETRY": "0", "PYTHONUNBUFFERED": "1"}
        self.environment = own | dict(environment)

    def run(self, script: str, until: str = "") -> str:
        """What one command of a README writes. Asserts that it succeeds, or that it writes `until`, which ends it."""
        process = subprocess.Popen(
            ["sh", "-c", f"exec {self.cli} {script.removeprefix('sam ')}"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        written = b""
        try:
            while part := os.read(process.stdout.fileno(), 65536):
                written += part
                if until and until in written.decode(errors="replace"):
                    return written.decode()
                if question := _PROMPT.search(written.decode(errors="replace")):
                    with suppress(BrokenPipeError):
                        process.stdin.write(b"y\n" if "[y/N]" in question[0] and _goes_on(question[0]) else b"\n")
                        process.stdin.flush()
        finally:
            if until:
                process.kill()
            process.stdin.close()
            code = process.wait()
        text = written.decode(errors="replace")
        assert code == 0, f"{script}: {text[-3000:]}"
        assert not until, f"{script} ended without {until!r}: {text[-3000:]}"
        return text


def _goes_on(question: str) -> bool:
    return "rollback" not in question.lower()
