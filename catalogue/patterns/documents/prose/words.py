"""The words that this site does not use, each with what to write instead.

Pages, documents and messages are in plain American technical English. The list holds words that crept in again and
again: archaic ones, coined ones, and ones for which the field has a term of its own. CONTRIBUTING.md has it as a table.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

INSTEAD: Final = {
    "nobody": "no one, or name who: no client, no consumer",
    "somebody": "someone, or name who: a visitor, an operator",
    "anybody": "anyone",
    "everybody": "everyone, or all with a noun",
    "whoever": "anyone who, or the role: the operator, the caller",
    "whom": "another sentence",
    "mend": "fix, repair",
    "deed": "action, step",
    "anew": "again",
    "afresh": "again",
    "spared": "avoided, saved",
    "spares": "avoids, saves",
    "reckon": "calculate, estimate",
    "courier": "worker, connection",
    "unheard": "ignored, unread",
    "borne out": "proven, shown",
    "bear out": "prove, show",
    "come to rest": "finish",
    "hangs on": "depends on",
    "sooner done": "faster, easier",
    "looks whether": "checks whether",
    "as ever": "as usual, or nothing",
    "for ever": "forever, indefinitely",
    "lest": "so that … not",
    "likewise": "also",
    "made up for this page": "nothing: the About page says once that the stories are fictional",
}
"""A word or phrase, and what to write instead. A verb stands for its forms in -s, -ed and -ing too."""

_PATTERNS: Final = {
    word: re.compile(rf"(?<![\w/._-]){word.replace(' ', r'\s+')}(?:s|ed|ing|es)?(?![\w/_-]|\.\w)", re.IGNORECASE)
    for word in INSTEAD
}
_CODE = re.compile(r"(`+).*?\1|https?://\S+")


@dataclass(frozen=True)
class Found:
    line: int
    """Counted from 1."""
    word: str
    """As it is written in the text."""
    instead: str


def find(text: str) -> Iterator[Found]:
    """The listed words in a text, by line. Inline code, addresses and names such as `a-deed` are not prose."""
    for number, line in enumerate(text.split("\n"), 1):
        prose = _CODE.sub(" ", line)
        for word, pattern in _PATTERNS.items():
            if match := pattern.search(prose):
                yield Found(number, match[0], INSTEAD[word])
