"""Reads docs/operations.md: its commands, as an operator would copy them."""

import re
from dataclasses import dataclass

from tests.support.site import ROOT

_BLOCK = re.compile(r"^```(\S+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    heading: str
    language: str
    by_hand: bool
    """Whether it needs what a test machine lacks."""
    text: str


def blocks(name: str = "docs/operations.md") -> list[Block]:
    """The fenced blocks of a page, in order, each with the heading it stands under."""
    text = (ROOT / name).read_text()
    found = []
    for match in _BLOCK.finditer(text):
        headings = re.findall(r"^#+ (.+)$", text[: match.start()], re.MULTILINE)
        found.append(Block(headings[-1], match[1], "by-hand" in match[2], match[3]))
    return found


def commands() -> list[Block]:
    """What is run on a clean machine, in order."""
    return [block for block in blocks() if block.language == "sh" and not block.by_hand]
