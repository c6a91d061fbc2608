"""Full-text search over the published patterns: SQLite's FTS5, in memory, built from the library.

Ranking is bm25 with a hit in the title weighing most, then the summary, the headings, the body, the code
(https://www.sqlite.org/fts5.html#the_bm25_function). Words are stemmed (Porter), accents ignored, and the
last word counts as a beginning while it is being typed. All words are wanted; where no pattern has them all,
any of them.
"""

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from threading import Lock

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from catalogue.patterns.content import Library, Pattern, library
from catalogue.patterns.render import render_body

MOST_WORDS = 12
_LONGEST_WORD = 40
_PASSAGE_WORDS = 32
_OPEN, _CLOSE = "\x02", "\x03"
_WORD = re.compile(r"[^\W_]+")
_COMMON = frozenset(
    re.findall(r"\w+", "a an and are can do does for how i in is it my of on or the to what when why with")
)
"""Left out of a question: they stand everywhere and tell nothing apart."""


@dataclass(frozen=True)
class Result:
    pattern: Pattern
    section: str
    """Title of the section, or path of the file, that the passage is from; empty for the summary."""
    anchor: str
    """The section's id on the page; empty for the summary and for a file."""
    passage: SafeString
    """Escaped text with the found words in `<mark>`."""

    @property
    def url(self) -> str:
        if self.anchor:
            return f"{self.pattern.url}#{self.anchor}"
        return f"{self.pattern.url}source/{self.section}" if self.section else self.pattern.url


def search(text: str, *, limit: int = 20) -> list[Result]:
    """The best patterns for whatever somebody typed, best first; empty if nothing fits. Never raises."""
    return _index().find(text, limit)


class Index:
    """The library of one moment, for any thread: they take turns, as the module shares statements."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.patterns = list(patterns)
        self._turn = Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.executescript("""
            CREATE VIRTUAL TABLE patterns USING fts5(
                title, summary, headings, body, code, tokenize = 'porter unicode61 remove_diacritics 2'
            );
            CREATE VIRTUAL TABLE sections USING fts5(
                title, text, pattern UNINDEXED, anchor UNINDEXED, code UNINDEXED,
                tokenize = 'porter unicode61 remove_diacritics 2'
            );
        """)
        for number, pattern in enumerate(self.patterns):
            self._add(number, pattern)

    def _add(self, number: int, pattern: Pattern) -> None:
        front = pattern.front
        summary = _clean(f"{front.summary} {front.question} {front.answer}")
        sections = [
            (_clean(section.title), _clean(plain_text(section.html)), number, section.id, 0)
            for section in render_body(pattern).sections
        ]
        files = [(file.path, _clean(file.text), number, "", 1) for file in pattern.files if _is_code(file.path)]
        names = [service.name for service in pattern.services] + [node.label for node in pattern.diagram.nodes]
        headings = " ".join([*names, *front.helps_with, *(title for title, *_ in sections)])
        self._database.execute(
            "INSERT INTO patterns (rowid, title, summary, headings, body, code) VALUES (?, ?, ?, ?, ?, ?)",
            (
                number,
                _clean(front.title),
                summary,
                _clean(headings),
                " ".join(text for _, text, *_ in sections),
                " ".join(text for _, text, *_ in files),
            ),
        )
        rows = [("", summary, number, "", 0), *sections, *files]
        self._database.executemany("INSERT INTO sections VALUES (?, ?, ?, ?, ?)", rows)

    def find(self, text: str, limit: int) -> list[Result]:
        terms = terms_of(text)
        if not terms:
            return []
        with self._turn:
            found = self._patterns(" AND ".join(terms), limit) or self._patterns(" OR ".join(terms), limit)
            return [self._result(number, terms) for number in found]

    def _patterns(self, query: str, limit: int) -> list[int]:
        rows = self._database.execute(
            "SELECT rowid FROM patterns WHERE patterns MATCH ? "
            "ORDER BY bm25(patterns, 12, 6, 3, 1, 0.3), rowid LIMIT ?",
            (query, limit),
        )
        return [number for (number,) in rows.fetchall()]

    def _result(self, number: int, terms: list[str]) -> Result:
        pattern = self.patterns[number]
        best = self._database.execute(
            "SELECT title, anchor, snippet(sections, 1, ?, ?, '…', ?) FROM sections "
            "WHERE sections MATCH ? AND pattern = ? ORDER BY code, bm25(sections, 2, 1), rowid LIMIT 1",
            (_OPEN, _CLOSE, _PASSAGE_WORDS, " OR ".join(terms), number),
        ).fetchone()
        title, anchor, passage = best or ("", "", _clean(pattern.front.summary))
        return Result(pattern, title, anchor, marked(passage))


def terms_of(text: str) -> list[str]:
    """What was typed as FTS5 strings, so that nothing in it can be read as query syntax."""
    words = _WORD.findall(text)
    telling = [word for word in words if word.lower() not in _COMMON] or words
    terms = [f'"{word[:_LONGEST_WORD]}"' for word in telling[:MOST_WORDS]]
    if terms and text.endswith(telling[-1]) and len(telling) <= MOST_WORDS:
        terms[-1] += " *"
    return terms


def _is_code(path: str) -> bool:
    return path.startswith("functions/") or path in ("template.yaml", "naive.yaml")


def marked(passage: str) -> SafeString:
    escaped = str(escape(passage))
    return mark_safe(escaped.replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>"))  # noqa: S308


def _clean(text: str) -> str:
    """One line, without the control characters that mark found words."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())


class _Text(HTMLParser):
    """Gathers what a reader reads as prose; code figures are left out, they make poor passages."""

    BLOCKS = frozenset(("p", "li", "h3", "h4", "td", "th", "tr", "dt", "dd", "pre", "blockquote", "caption"))

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.figures = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.figures += tag == "figure"
        if tag in self.BLOCKS:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.figures -= tag == "figure"
        if tag in self.BLOCKS:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.figures:
            self.parts.append(data)


def plain_text(html: str) -> str:
    """The prose of a section without its markup."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    return " ".join("".join(parser.parts).split())


_lock = Lock()
_built: tuple[Library, Index] | None = None


def _index() -> Index:
    """The index of the present library, built anew when the library is read anew."""
    global _built
    present = library()
    with _lock:
        if _built is None or _built[0] is not present:
            _built = (present, Index(present.by_slug.values()))
        return _built[1]
