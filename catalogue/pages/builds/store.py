"""Where rendered pages are kept between starts: one SQLite file, read by the web processes, written by one build.

A page stands under the hash of all that it was made from, so it is never changed, only joined by others. The table
`address` says which pages make up the site now; it is replaced as a whole, in one transaction.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from catalogue.base.kept_files import kept_file, open_to_read
from catalogue.pages.builds.addresses import Address
from catalogue.pages.builds.rendering import Page

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS page (
        key TEXT PRIMARY KEY, headers TEXT NOT NULL, etag TEXT NOT NULL, changed INTEGER NOT NULL,
        identity BLOB, gzip BLOB, br BLOB
    );
    CREATE TABLE IF NOT EXISTS address (
        path TEXT NOT NULL, query TEXT NOT NULL, reads TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (path, query)
    );
    CREATE TABLE IF NOT EXISTS edition (number INTEGER NOT NULL, site TEXT NOT NULL, content TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Kept:
    """What is known of a page without its bytes."""

    path: str
    query: str
    reads: frozenset[str]
    key: str
    headers: str
    """JSON: `[[name, value], …]`."""
    etag: str
    changed: int
    """When its bytes last became different ones, in seconds since 1970."""
    packed: bool
    """Whether it is kept as gzip and brotli, and not as it is."""


@dataclass(frozen=True)
class Edition:
    """All pages of one build."""

    number: int
    site: str
    """`fingerprint.site()` at the build."""
    content: str
    """`Library.signature` at the build."""


def store_file() -> Path:
    """One for each address that the pages are made for: a build of plain files leaves the running site's alone."""
    return kept_file("pages", f"{settings.SITE_URL} {settings.LIVE_URL}", ".sqlite3")


@contextmanager
def writing() -> Iterator[sqlite3.Connection]:
    """The store, made if it is missing, for a build."""
    file = store_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, timeout=60)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.executescript(_SCHEMA)
        yield database


def reading() -> sqlite3.Connection | None:
    """The store for one process's readers, who take turns; None before the first build."""
    return open_to_read(store_file(), "edition")


def keys(database: sqlite3.Connection) -> set[str]:
    return {key for (key,) in database.execute("SELECT key FROM page")}


def add(database: sqlite3.Connection, pages: Iterable[tuple[Address, Page]], now: int) -> None:
    """Keep pages. One whose bytes are those that its address had before keeps the time of their change."""
    for address, page in pages:
        before = database.execute(
            "SELECT changed FROM address JOIN page USING (key) WHERE path = ? AND query = ? AND etag = ?",
            (address.path, address.query, page.etag),
        ).fetchone()
        database.execute(
            "INSERT OR REPLACE INTO page (key, headers, etag, changed, identity, gzip, br) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                page.key,
                json.dumps(page.headers),
                page.etag,
                before[0] if before else now,
                page.identity,
                page.gzip,
                page.br,
            ),
        )
    database.commit()


def publish(database: sqlite3.Connection, present: Iterable[Address], site: str, content: str) -> int:
    """Make these the site's pages and forget all others; returns how many were forgotten."""
    wanted = {(one.path, one.query, " ".join(sorted(one.reads)), one.key) for one in present}
    with database:
        had = set(database.execute("SELECT path, query, reads, key FROM address"))
        database.executemany(
            "DELETE FROM address WHERE path = ? AND query = ?", ((path, query) for path, query, *_ in had - wanted)
        )
        database.executemany("INSERT INTO address (path, query, reads, key) VALUES (?, ?, ?, ?)", wanted - had)
        gone = database.execute("DELETE FROM page WHERE key NOT IN (SELECT key FROM address)").rowcount
        number = (database.execute("SELECT max(number) FROM edition").fetchone()[0] or 0) + 1
        database.execute("DELETE FROM edition")
        database.execute("INSERT INTO edition (number, site, content) VALUES (?, ?, ?)", (number, site, content))
    return gone


def edition(database: sqlite3.Connection) -> Edition | None:
    row = database.execute("SELECT number, site, content FROM edition").fetchone()
    return None if row is None else Edition(*row)


def kept(database: sqlite3.Connection) -> Iterator[Kept]:
    """Every page of the present edition, without its bytes."""
    rows = database.execute(
        "SELECT path, query, reads, key, headers, etag, changed, br IS NOT NULL FROM address JOIN page USING (key) "
        "ORDER BY path, query"
    )
    for path, query, reads, key, headers, etag, changed, packed in rows:
        yield Kept(path, query, frozenset(reads.split()), key, headers, etag, changed, bool(packed))


def body(database: sqlite3.Connection, key: str, encoding: str) -> bytes | None:
    """A page's bytes in `identity`, `gzip` or `br`; None if it has been forgotten, or is not kept in this one."""
    assert encoding in ("identity", "gzip", "br")
    row = database.execute(f"SELECT {encoding} FROM page WHERE key = ?", (key,)).fetchone()  # noqa: S608
    return None if row is None else row[0]
