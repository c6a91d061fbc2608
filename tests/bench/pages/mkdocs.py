"""MkDocs Material in an environment of its own, building a folder of Markdown.

It is set up as its own manual advises: code highlighted by Pygments, and for a large site `navigation.prune`, without
which every page would list all others.
"""

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
  features:
    - navigation.prune
plugins:
  - search
markdown_extensions:
  - tables
  - pymdownx.highlight:
      anchor_linenums: true
  - pymdownx.superfences
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


def build(python: Path, folder: Path, most_seconds: float | None = None) -> tuple[float, int]:
    """Build what lies in `folder`/docs; the seconds that it took and how many pages it made.

    Raises subprocess.TimeoutExpired if it is not done after `most_seconds`; then it has been ended.
    """
    (folder / "mkdocs.yml").write_text(CONFIGURATION, "utf-8")
    started = time.perf_counter()
    command = [str(python), "-m", "mkdocs", "build", "--quiet", "--config-file", str(folder / "mkdocs.yml")]
    _run(command, most_seconds)
    seconds = time.perf_counter() - started
    # Its own start page is asked for by nobody.
    return seconds, len([page for page in (folder / "site").rglob("index.html") if page.parent != folder / "site"])


def _run(command: list[str], most_seconds: float | None = None) -> None:
    # Its notice about MkDocs 2 is for people at a terminal.
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=most_seconds)
