"""Full-text search over the published patterns.

Ranking is bm25 with a hit in the title weighing most, then the summary, the headings, the body, the code
(https://www.sqlite.org/fts5.html#the_bm25_function). Words are stemmed (Porter), accents ignored, and the
last word counts as a beginning while it is being typed. All words are wanted; where no pattern has them all, words
that no pattern has are replaced by the nearest one (`spelling`), and then any of them will do.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sized
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from django.conf import settings
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from catalogue.base.kept_files import kept_file, note_damage_or_raise
from catalogue.patterns.content.cards import Listed
from catalogue.patterns.content.library import Library, library
from catalogue.patterns.search import index as search_index
from catalogue.patterns.search.index import Entry
from catalogue.patterns.search.spelling import Words

MOST_WORDS = 12
_LONGEST_WORD = 40
_PASSAGE_WORDS = 32
_MOST_BODIES = 100
_OPEN, _CLOSE = "\x02", "\x03"
_WORD = re.compile(r"[^\W_]+")
_COMMON = frozenset(
    re.findall(r"\w+", "a an and are can do does for how i in is it my of on or the to what when why with")
)
"""Left out of a question: they stand everywhere and tell nothing apart."""


@dataclass(frozen=True)
class Result:
    pattern: Listed
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


@dataclass(frozen=True)
class Found:
    results: list[Result]
    instead: str = ""
    """What was searched for, where that differs from what was typed."""


def search(text: str, *, limit: int = 20) -> list[Result]:
    """The best patterns for whatever someone typed, best first; empty if nothing fits. Never raises."""
    return look_for(text, limit=limit).results


def look_for(text: str, *, limit: int = 20) -> Found:
    """As `search`, and what was searched for instead of a word that no pattern has."""
    try:
        return _index().look_for(text, limit)
    except sqlite3.DatabaseError as error:
        note_damage_or_raise(index_file(), error)
        return _index(damaged=True).look_for(text, limit)


def index_file() -> Path:
    """Where `manage.py build` keeps the index of CONTENT_DIR."""
    return kept_file("search", str(settings.CONTENT_DIR), ".sqlite3")


class Index:
    """An index and the patterns that it leads to, for any thread: they take turns, as the module shares statements."""

    def __init__(self, database: sqlite3.Connection, patterns: Mapping[str, Listed]) -> None:
        self._patterns = patterns
        self._turn = Lock()
        self._database = database
        self._words: Words | None = None
        """Read from the index when the first unknown word is typed."""

    def find(self, text: str, limit: int) -> list[Result]:
        return self.look_for(text, limit).results

    def look_for(self, text: str, limit: int) -> Found:
        terms = terms_of(text)
        if not terms:
            return Found([])
        instead = ""
        with self._turn:
            found = self._ranked(" AND ".join(terms), limit)
            if not found and (corrected := self._corrected(text)) is not None:
                instead, terms = corrected, terms_of(corrected)
                found = self._ranked(" AND ".join(terms), limit)
            found = found or self._ranked(" OR ".join(terms), limit)
            found = [(number, slug) for number, slug in found if slug in self._patterns]
            passages = self._passages([number for number, _ in found], " OR ".join(terms))
        return Found([self._result(slug, passages.get(number)) for number, slug in found], instead if found else "")

    def _corrected(self, text: str) -> str | None:
        """The text with its unknown words replaced by the nearest known ones; None if there is nothing to replace."""
        typed = _WORD.findall(text)
        unknown = [
            word for word in dict.fromkeys(typed[:MOST_WORDS]) if not self._ranked(f'"{word[:_LONGEST_WORD]}" *', 1)
        ]
        if not unknown:
            return None
        if self._words is None:
            self._words = Words(self._texts())
        near = {word: found for word in unknown if (found := self._words.nearest(word))}
        return " ".join(near.get(word, word) for word in typed) if near else None

    def _texts(self) -> Iterator[str]:
        """Titles, summaries and headings of all patterns, and the prose of the first: the rest repeats its words."""
        yield from map(" ".join, self._database.execute("SELECT title, summary, headings FROM patterns"))
        yield from (body for (body,) in self._database.execute("SELECT body FROM patterns LIMIT ?", (_MOST_BODIES,)))

    def _ranked(self, query: str, limit: int) -> list[tuple[int, str]]:
        rows = self._database.execute(
            "SELECT number, slug FROM patterns JOIN indexed ON number = patterns.rowid WHERE patterns MATCH ? "
            "ORDER BY bm25(patterns, 12, 6, 3, 1, 0.3), number LIMIT ?",
            (query, limit),
        )
        return rows.fetchall()

    def _passages(self, numbers: list[int], query: str) -> "dict[int, _Passage]":
        """The best passage of each of these patterns, prose before code.

        The plus signs keep SQLite from asking FTS5 for one row after the other: each time it would gather the rows of
        every word again, and count them for bm25.
        """
        rows = self._database.execute(
            f"SELECT rowid, code, bm25(sections, 2, 1) FROM sections "  # noqa: S608
            f"WHERE sections MATCH ? AND +rowid / {search_index.ROWS_EACH} IN ({_places(numbers)})",
            (query, *numbers),
        )
        best: dict[int, tuple[int, float, int]] = {}
        for row, code, rank in rows:
            number = row // search_index.ROWS_EACH
            best[number] = min(best.get(number, (2, 0.0, 0)), (code, rank, row))
        chosen = [row for _, _, row in best.values()]
        passages = self._database.execute(
            "SELECT rowid, title, anchor, snippet(sections, 1, ?, ?, '…', ?) FROM sections "  # noqa: S608
            f"WHERE sections MATCH ? AND +rowid IN ({_places(chosen)})",
            (_OPEN, _CLOSE, _PASSAGE_WORDS, query, *chosen),
        )
        return {row // search_index.ROWS_EACH: _Passage(*passage) for row, *passage in passages}

    def _result(self, slug: str, passage: "_Passage | None") -> Result:
        pattern = self._patterns[slug]
        title, anchor, text = passage or ("", "", pattern.front.summary)
        return Result(pattern, title, anchor, marked(text))


class _Passage(NamedTuple):
    title: str
    anchor: str
    text: str
    """With the marks of the found words."""


def _places(values: Sized) -> str:
    return ", ".join("?" * len(values))


def terms_of(text: str) -> list[str]:
    """What was typed as FTS5 strings, so that nothing in it can be read as query syntax."""
    words = _WORD.findall(text)
    telling = [word for word in words if word.lower() not in _COMMON] or words
    terms = [f'"{word[:_LONGEST_WORD]}"' for word in telling[:MOST_WORDS]]
    if terms and text.endswith(telling[-1]) and len(telling) <= MOST_WORDS:
        terms[-1] += " *"
    return terms


def marked(passage: str) -> SafeString:
    escaped = str(escape(passage))
    return mark_safe(escaped.replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>"))  # noqa: S308


_lock = Lock()
_built: tuple[Library, Index] | None = None


def _index(*, damaged: bool = False) -> Index:
    """The index of the present library, read again when the library is; made in memory if the kept one is `damaged`."""
    global _built
    present = library()
    with _lock:
        if damaged or _built is None or _built[0] is not present:
            database = None if settings.DEBUG or damaged else search_index.opened(index_file())
            if database is None:
                database = search_index.in_memory(map(Entry.of, present.patterns()))
            _built = (present, Index(database, present.by_slug))
        return _built[1]
