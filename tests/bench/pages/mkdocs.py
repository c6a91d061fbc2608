"""MkDocs Material in an environment of its own, building a folder of Markdown with its default theme settings."""

import os
import subprocess
import sys
import time
from pathlib import Path

PEER = "mkdocs-material==9.8.1"
CONFIGURATION = """\
site_name: Serverless Patterns
site_url: https://bench.example/
theme:
  name: material
plugins:
  - search
"""


class NotInstalled(Exception):
    """The package index cannot be reached, or has no such version. The message is pip's."""


def install(environment: Path) -> Path:
    """Make the environment; its Python. Raises NotInstalled."""
    python = environment / "bin" / "python"
    try:
        _run([sys.executable, "-m", "venv", str(environment)])
        _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PEER])
    except subprocess.CalledProcessError as error:
        raise NotInstalled(error.stderr.strip().splitlines()[-1] if error.stderr else str(error)) from None
    return python


def build(python: Path, folder: Path) -> tuple[float, int]:
    """Build what lies in `folder`/docs; the seconds that it took and how many pages it made."""
    (folder / "mkdocs.yml").write_text(CONFIGURATION, "utf-8")
    started = time.perf_counter()
    _run([str(python), "-m", "mkdocs", "build", "--quiet", "--config-file", str(folder / "mkdocs.yml")])
    seconds = time.perf_counter() - started
    return seconds, len(list((folder / "site").glob("*/index.html")))


def _run(command: list[str]) -> None:
    # Its notice about MkDocs 2 is for people at a terminal.
    subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"})
