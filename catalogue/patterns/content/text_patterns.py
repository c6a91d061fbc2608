"""The `~pattern` texts of demo.yaml: compiled, filled in and searched, in time linear in the text.

RE2 (https://github.com/google/re2/wiki/Syntax) never backtracks, so a pattern cannot take longer than its text is long,
and what a pattern may hold in memory is bounded when it is compiled. Python's `re` promises neither.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import re2

MARK = "~"
"""The first character of an author's text that is a pattern."""
PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
LONGEST_TEXT = 256 * 1024
"""Characters of an answer that are looked at; what comes later does not match."""
_QUIET = re2.Options()
_QUIET.log_errors = False
_QUIET.max_mem = 2 * 1024 * 1024
"""Bytes that one compiled pattern may take; re2 keeps the latest 128 of them."""


class BadPattern(ValueError):
    """RE2 does not take the pattern; the message is RE2's reason."""


@dataclass(frozen=True)
class TextPattern:
    """A pattern as its author wrote it, with the values of earlier steps in it as plain text."""

    source: str
    shown: str
    """The same for people: with the values as they are."""

    def found_in(self, text: str) -> bool:
        """Whether the pattern matches anywhere in the first LONGEST_TEXT characters. Raises BadPattern."""
        return _compiled(self.source).search(_bytes(text[:LONGEST_TEXT])) is not None


def text_pattern(written: str, value_of: Callable[[str], str]) -> TextPattern:
    """The pattern of an author's `~…`; `value_of` gives the value of a `{{name}}`, which matches only itself."""
    bare = written.removeprefix(MARK)
    source = PLACEHOLDER.sub(lambda found: escaped(value_of(found[1])), bare)
    return TextPattern(source, PLACEHOLDER.sub(lambda found: value_of(found[1]), bare))


def escaped(value: str) -> str:
    """A pattern that matches exactly this text."""
    return f"(?:{re2.escape(_bytes(value)).decode()})"


def require_pattern(written: str) -> None:
    """Raises BadPattern if the `~…` of an author is no pattern, whatever the values in it will be."""
    _compiled(text_pattern(written, lambda name: name).source)


def _compiled(source: str) -> Any:
    try:
        return re2.compile(source.encode("utf-8", "replace").decode(), _QUIET)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        raise BadPattern(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
