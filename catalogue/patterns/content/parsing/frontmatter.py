"""Splits pattern.md into its front matter (YAML between two `---` lines) and its Markdown body."""

import re
from pathlib import Path
from typing import NamedTuple

from catalogue.patterns.content.parsing.mistakes import ContentError

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*\n", re.DOTALL | re.MULTILINE)


class Parts(NamedTuple):
    front: str
    body: str
    body_line: int
    """Line of the file on which the body begins, counted from 1."""


def split(path: Path, text: str) -> Parts:
    """Front matter and body of a pattern.md. Raises ContentError (E002) where there is no front matter."""
    match = _FRONT_MATTER.match(text)
    if match is None:
        raise ContentError(
            path,
            1,
            "The file has no front matter." if not text.startswith("---") else "The front matter does not end.",
            "Begin the file with a line `---`, then the front matter as YAML, then another line `---`.",
            id="patterns.E002",
        )
    return Parts(match[1], text[match.end() :], text.count("\n", 0, match.end()) + 1)
