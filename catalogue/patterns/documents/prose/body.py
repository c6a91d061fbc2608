"""The Markdown body of a pattern as lines with meaning: sections, directives, links and words.

A line inside a fenced code block is never any of these.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown.extensions.toc import slugify

SECTIONS = (
    "The problem",
    "The solution",
    "How a request travels",
    "Components",
    "When to use it",
    "When not to use it",
    "What goes wrong",
    "Security",
    "Testing and observing it",
    "What it costs",
    "Related patterns",
    "Further reading",
)

_HEADING = re.compile(r"^(#{2,4})\s+(.*)$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_DIRECTIVE = re.compile(r"^\[\[\s*([a-z]+)(?:\s+(\S.*?))?\s*\]\]$")
_LINK = re.compile(r"""\]\(\s*<?([^)\s>]+)|^\[[^\]]+\]:\s*<?([^\s>]+)|\b(?:href|src)=["']([^"']+)""")
_MARKUP = re.compile(r"\]\([^)]*\)|<[^>]+>|https?://\S+|[`*_#>|\[\]]")
_WORD = re.compile(r"[^\W_]+(?:['’.,:/-]?[^\W_]+)*")


@dataclass(frozen=True)
class Line:
    number: int
    """Counted from 1 in the body."""
    text: str
    code: bool
    """Whether it belongs to a fenced code block."""


@dataclass(frozen=True)
class Directive:
    name: str
    argument: str
    line: int
    section: str
    """Title of the section it stands in; empty before the first."""


def lines(body: str) -> Iterator[Line]:
    """The lines of a body, each told apart as prose or fenced code."""
    fence = ""
    for number, text in enumerate(body.split("\n"), 1):
        match = _FENCE.match(text)
        if fence:
            closes = match is not None and match[1].startswith(fence) and not text.strip(" `~")
            yield Line(number, text, True)
            fence = "" if closes else fence
        else:
            fence = match[1] if match else ""
            yield Line(number, text, bool(match))


def headings(body: str) -> list[tuple[int, str]]:
    """Line and title of every level-two heading."""
    return [
        (line.number, line.text[3:].strip().rstrip("#").strip())
        for line in lines(body)
        if not line.code and line.text.startswith("## ")
    ]


def anchors(body: str) -> set[str]:
    """The fragments that a page gives its headings, as Python-Markdown's table of contents makes them."""
    return {
        slugify(match[2].strip(" #"), "-")
        for line in lines(body)
        if not line.code and (match := _HEADING.match(line.text))
    }


def directives(body: str) -> list[Directive]:
    """Every `[[name argument]]` that has a line of its own, known or not."""
    found, section = [], ""
    for line in lines(body):
        if line.code:
            continue
        if line.text.startswith("## "):
            section = line.text[3:].strip()
        match = _DIRECTIVE.match(line.text.strip())
        if match:
            found.append(Directive(match[1], match[2] or "", line.number, section))
    return found


def links(body: str) -> list[tuple[int, str]]:
    """Line and target of every Markdown or HTML link."""
    return [
        (line.number, next(filter(None, match.groups())))
        for line in lines(body)
        if not line.code
        for match in _LINK.finditer(re.sub(r"(`+).*?\1", "", line.text))
    ]


def count_words(body: str) -> int:
    """Words that a reader reads: no code blocks, directives, headings' marks or link targets."""
    return sum(
        len(_WORD.findall(_MARKUP.sub(" ", line.text)))
        for line in lines(body)
        if not line.code and not _DIRECTIVE.match(line.text.strip())
    )
