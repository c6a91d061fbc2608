"""The search index: SQLite's FTS5, in memory or in a file that `manage.py build` keeps up to date.

A pattern takes one row of `patterns`, and in `sections` one for its summary, each section and each file of code. Its
rows of `sections` lie in a range of ids of their own, by which FTS5 finds them without looking at the others
(https://www.sqlite.org/fts5.html).
"""

import os
import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import NamedTuple, Self

from catalogue.base.kept_files import open_to_read
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.documents.prose.render import render_body

ROWS_EACH = 10_000
"""Ids of `sections` that belong to one pattern."""
_TOKENS = "tokenize = 'porter unicode61 remove_diacritics 2'"
_SCHEMA = f"""
    CREATE TABLE indexed (number INTEGER PRIMARY KEY, slug TEXT UNIQUE NOT NULL, content_hash TEXT NOT NULL);
    CREATE VIRTUAL TABLE patterns USING fts5(title, summary, headings, body, code, {_TOKENS});
    CREATE VIRTUAL TABLE sections USING fts5(title, text, anchor UNINDEXED, code UNINDEXED, {_TOKENS});
"""


class Passage(NamedTuple):
    """A row of `sections`."""

    title: str
    """Of the section, or path of the file; empty for the summary."""
    text: str
    anchor: str
    """The section's id on the page; empty for the summary and for a file."""
    code: bool


@dataclass(frozen=True)
class Entry:
    """What the index knows of a pattern."""

    slug: str
    content_hash: str
    title: str
    summary: str
    headings: str
    passages: tuple[Passage, ...]

    @classmethod
    def of(cls, pattern: Pattern) -> Self:
        front = pattern.front
        summary = _clean(f"{front.summary} {front.question} {front.answer}")
        sections = [
            Passage(_clean(section.title), _clean(plain_text(section.html)), section.id, False)
            for section in render_body(pattern).sections
        ]
        files = [Passage(file.path, _clean(file.text), "", True) for file in pattern.files if _is_code(file.path)]
        names = [service.name for service in pattern.services] + [node.label for node in pattern.diagram.nodes]
        headings = " ".join([*names, *front.helps_with, *(section.title for section in sections)])
        return cls(
            pattern.slug,
            pattern.content_hash,
            _clean(front.title),
            summary,
            _clean(headings),
            (Passage("", summary, "", False), *sections, *files),
        )


def in_memory(entries: Iterable[Entry]) -> sqlite3.Connection:
    """An index for any thread that takes its turn."""
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.executescript(_SCHEMA)
    for entry in entries:
        put(database, entry)
    return database


def opened(file: Path) -> sqlite3.Connection | None:
    """The kept index, to be read by any thread that takes its turn; None if there is none."""
    return open_to_read(file, "indexed")


@contextmanager
def changing(file: Path) -> Iterator[sqlite3.Connection]:
    """A copy of the kept index to change, put in its place at the end: a reader has the old one or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(f".{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    before = opened(file)
    if before is not None:
        before.close()
        shutil.copyfile(file, fresh)
    database = sqlite3.connect(fresh)
    try:
        database.execute("PRAGMA synchronous=OFF")
        database.execute("PRAGMA journal_mode=OFF")  # a copy that breaks is thrown away
        if before is None:
            database.executescript(_SCHEMA)
        yield database
        database.commit()
        database.close()
        fresh.replace(file)
    finally:
        database.close()
        fresh.unlink(missing_ok=True)


def known(database: sqlite3.Connection) -> dict[str, str]:
    """The content hash of every pattern in the index, by slug."""
    return dict(database.execute("SELECT slug, content_hash FROM indexed").fetchall())


def put(database: sqlite3.Connection, entry: Entry) -> None:
    """Add a pattern, or replace what is known of it."""
    drop(database, entry.slug)
    number = database.execute(
        "INSERT INTO indexed (slug, content_hash) VALUES (?, ?)", (entry.slug, entry.content_hash)
    ).lastrowid
    assert number is not None
    prose = " ".join(passage.text for passage in entry.passages[1:] if not passage.code)
    code = " ".join(passage.text for passage in entry.passages if passage.code)
    database.execute(
        "INSERT INTO patterns (rowid, title, summary, headings, body, code) VALUES (?, ?, ?, ?, ?, ?)",
        (number, entry.title, entry.summary, entry.headings, prose, code),
    )
    database.executemany(
        "INSERT INTO sections (rowid, title, text, anchor, code) VALUES (?, ?, ?, ?, ?)",
        ((number * ROWS_EACH + place, *passage) for place, passage in enumerate(entry.passages)),
    )


def drop(database: sqlite3.Connection, slug: str) -> None:
    """Forget a pattern; one that is not there is no mistake."""
    row = database.execute("SELECT number FROM indexed WHERE slug = ?", (slug,)).fetchone()
    if row is None:
        return
    (number,) = row
    database.execute("DELETE FROM indexed WHERE number = ?", (number,))
    database.execute("DELETE FROM patterns WHERE rowid = ?", (number,))
    database.execute("DELETE FROM sections WHERE rowid BETWEEN ? AND ?", rows_of(number))


def rows_of(number: int) -> tuple[int, int]:
    """First and last id that a pattern's rows of `sections` can have."""
    return number * ROWS_EACH, (number + 1) * ROWS_EACH - 1


def _is_code(path: str) -> bool:
    return path.startswith("functions/") or path in ("template.yaml", "naive.yaml")


def _clean(text: str) -> str:
    """One line, without the control characters that mark found words."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())


_FIGURE = re.compile(r"<figure\b.*?</figure>", re.DOTALL)
"""A figure of code, which makes a poor passage."""
_TAG = re.compile(r"""</?([a-z][a-z0-9]*)(?:"[^"]*"|'[^']*'|[^'">])*>""")
_BLOCKS = frozenset(("p", "li", "h3", "h4", "td", "th", "tr", "dt", "dd", "pre", "blockquote", "caption"))


def plain_text(html: str) -> str:
    """What a reader reads as prose in a section that `render_body` has made, without markup and code figures."""
    text = _TAG.sub(lambda tag: " " if tag[1] in _BLOCKS else "", _FIGURE.sub(" ", html))
    return " ".join(unescape(text).split())
