"""Which `serverless-patterns open` runs: each writes a note into its own folder, and other commands find it there."""

import argparse
import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from catalogue.management.terminal.refused import Refused
from catalogue.management.terminal.site import FOLDER_PREFIX

_NOTE = "open.json"
_PAGE = re.compile(r"https?://[^/\s]+/labs/[A-Za-z0-9_-]{16,32}")


@dataclass(frozen=True)
class Running:
    pid: int
    template: str
    """The template's path."""
    page: str = ""
    """The page's address; empty until the stack is deployed."""


def note(folder: Path, running: Running) -> None:
    """Let other commands find it by its VAR_DIR. The note goes with the folder."""
    fresh = folder / f".{_NOTE}"
    fresh.write_text(json.dumps(asdict(running)), "utf-8")
    fresh.replace(folder / _NOTE)


def add_url_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url", metavar="PAGE", help="the page of the stack, as `open` prints it (default: the `open` that runs here)"
    )


def page_of(url: str | None) -> str:
    """The page that is meant: the one given, or that of the `open` that runs. Raises Refused."""
    if url is not None:
        if not _PAGE.fullmatch(url.rstrip("/")):
            raise Refused(f"{url!r} is not the address of a page that `open` has printed, such as http://…/labs/….")
        return url.rstrip("/")
    found = chosen(list(running()), Path.cwd())
    if not found.page:
        raise Refused(f"{found.template} is being deployed. Try again in a moment.")
    return found.page


def running() -> Iterator[Running]:
    """Those of this user that run now, by their folders' names."""
    for file in sorted(Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*/{_NOTE}")):
        try:
            if file.stat().st_uid != os.getuid():  # another user's note could lead anywhere
                continue
            found = Running(**json.loads(file.read_text("utf-8")))
            os.kill(found.pid, 0)
        except (OSError, ValueError, TypeError):  # just ended, or left behind by one that was killed
            continue
        yield found


def chosen(among: list[Running], folder: Path) -> Running:
    """The only one, or the only one whose template is in this folder or around it. Raises Refused."""
    if not among:
        raise Refused("No `serverless-patterns open` runs here. Start one, or name its page with --url.")
    near = [one for one in among if folder.resolve().is_relative_to(Path(one.template).parent)]
    if len(among) > 1 and len(near) != 1:
        pages = ", ".join(f"{one.page or 'not ready yet'} ({one.template})" for one in among)
        raise Refused(f"Several run: {pages}. Name one with --url.")
    return (near or among)[0]
