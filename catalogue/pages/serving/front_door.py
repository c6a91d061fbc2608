"""The front door in front of Django: an ASGI application that answers what is the same for everybody, and nothing else.

`FrontDoor.answer` says what is sent for a request, or None where Django must look at it: another method, an address
that is not kept, a parameter that a view reads, a Host that Django would refuse, a body. Before the first build, with
DEBUG, and while code or content are other than those of the last build, that is every request.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from urllib.parse import parse_qsl

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from catalogue.base import fingerprint
from catalogue.base.kept_files import note_damage_or_raise
from catalogue.pages.builds import store
from catalogue.pages.builds.store import Edition, Kept
from catalogue.pages.serving.http import best_encoding, not_modified, precondition_failed, span
from catalogue.pages.serving.page_cache import PageAnswer, PageCache, Ready
from catalogue.patterns.content import library

logger = logging.getLogger(__name__)

type _Stamp = tuple[tuple[int, int, int], ...]

LOOK_EVERY = 1.0
"""Seconds between checks for a new edition."""
_PAUSE = 0.05
"""At least so many seconds lie between two, however many requests miss a page."""
_LEFT_TO_DJANGO = frozenset((b"content-length", b"transfer-encoding", b"expect", b"upgrade"))
WEIGHED = _LEFT_TO_DJANGO | {
    b"host",
    b"accept-encoding",
    b"if-match",
    b"if-none-match",
    b"if-modified-since",
    b"if-unmodified-since",
    b"range",
    b"if-range",
}
"""All headers that decide an answer; `FrontDoor.answer` looks at no other."""


class FrontDoor:
    """The pages of one web process. Within `watching`, new editions are taken up, whether or not requests come."""

    def __init__(self) -> None:
        self._page_cache: PageCache | None = None
        self._edition: Edition | None = None
        self._file = 0
        self._stamp: _Stamp = ()
        self._look_now = asyncio.Event()
        self._trouble = ""

    def answer(self, method: str, path: str, query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> PageAnswer | None:
        """What is sent for a request, of which `path` is decoded and the names of `headers` are in lower case.

        The body of an answer to HEAD is to be left out.
        """
        page_cache = self._page_cache
        if page_cache is None or method not in ("GET", "HEAD"):
            return None
        pages = page_cache.find(path)
        page = _page_for(pages, query) if pages else None
        if page is None:
            return None
        host = accepted = if_none_match = if_modified_since = wanted = if_range = b""
        if_match = if_unmodified_since = b""
        for name, value in headers:
            if name not in WEIGHED:
                continue
            match name:
                case b"host":
                    host = value
                case b"accept-encoding":
                    accepted = accepted + b"," + value if accepted else value
                case b"if-none-match":
                    if_none_match = if_none_match + b"," + value if if_none_match else value
                case b"if-modified-since":
                    if_modified_since = value
                case b"range":
                    wanted = value
                case b"if-range":
                    if_range = value
                case b"if-match":
                    if_match = if_match + b"," + value if if_match else value
                case b"if-unmodified-since":
                    if_unmodified_since = value
                case _:
                    return None
        if not _is_ours(host):
            return None
        ready = page_cache.ready(page, best_encoding(accepted))
        if ready is None:
            self._look_now.set()
            return None
        if (if_match or if_unmodified_since) and precondition_failed(
            if_match, if_unmodified_since, ready.etag, ready.changed
        ):
            return _other_bytes(ready)
        if if_none_match == ready.tag:
            return ready.unchanged
        if (if_none_match or if_modified_since) and not_modified(
            if_none_match, if_modified_since, ready.etag, ready.changed
        ):
            return ready.unchanged
        if wanted and ready.ranges and method == "GET":
            return _part(ready, wanted, if_range)
        return ready.whole

    async def look(self) -> None:
        """Take up the newest edition, if it is of this code and this content."""
        stamp = _stamp()
        if settings.DEBUG or stamp == self._stamp:
            return
        self._stamp = stamp
        database = store.reading()
        if database is None:
            return
        try:
            edition = store.edition(database)
            file = store.store_file().stat().st_ino  # a damaged one is replaced, and counts its builds from one again
            if edition is None or (edition, file) == (self._edition, self._file):
                database.close()
                return
            page_cache = await asyncio.to_thread(_page_cache, database, edition)
        except sqlite3.DatabaseError as error:
            database.close()
            note_damage_or_raise(store.store_file(), error)
            edition, file, page_cache = None, 0, None
        self._edition, self._file, self._page_cache = edition, file, page_cache
        if edition is not None and page_cache is not None:
            logger.info("The %d pages of build %d are loaded.", len(page_cache), edition.number)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look once, and then again and again for the length of a block."""
        self._look_now = asyncio.Event()  # one that belongs to this event loop
        await self._look_and_tell()
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.wait([watch])

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), LOOK_EVERY)
                self._stamp = ()  # a file's times are coarse: two changes can have the same
            self._look_now.clear()
            await self._look_and_tell()
            await asyncio.sleep(_PAUSE)

    async def _look_and_tell(self) -> None:
        """Whatever goes wrong, the site goes on with what it has, and looks again."""
        try:
            await self.look()
        except Exception as error:
            self._stamp = ()
            if self._trouble != str(error):
                logger.exception("The kept pages could not be read. The site tries again.")
            self._trouble = str(error)
        else:
            self._trouble = ""


def _page_cache(database: sqlite3.Connection, edition: Edition) -> PageCache | None:
    if edition.site != fingerprint.site():
        logger.warning("The kept pages are from other code or settings: run `manage.py build`.")
        return None
    if library.library().signature != edition.content:
        library.refresh()
        if library.library().signature != edition.content:
            logger.warning("The kept pages are from other content: run `manage.py build`.")
            return None
    return PageCache(database, store.kept(database), settings.PAGES_MEMORY_MB * 1_000_000)


front_door = FrontDoor()
"""The one of this process."""


def _stamp() -> _Stamp:
    """Of the store's last change: a build writes its log beside the file, so both are looked at."""
    file = store.store_file()
    found = []
    for one in (file, file.with_name(file.name + "-wal")):
        with suppress(FileNotFoundError):
            status = one.stat()
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)


def _page_for(pages: list[Kept], query: bytes) -> Kept | None:
    """The page that a query string asks for; None if a view would have to read it."""
    if not query and not pages[0].query:
        return pages[0]
    text = query.decode("latin-1")
    for page in pages:
        if page.query == text:
            return page
    plain = next((page for page in pages if not page.query), None)
    if plain is None or (plain.reads and _has_one(plain.reads, text)):
        return None
    return plain


def _has_one(names: frozenset[str], query: str) -> bool:
    """Whether one of the parameters is in a query string, or may be: what is too long is not looked through."""
    try:
        fields = parse_qsl(query, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return True
    return not names.isdisjoint(name for name, _ in fields)


@lru_cache(maxsize=1024)
def _is_ours(host: bytes) -> bool:
    """Whether Django would answer under this Host; without one, it decides itself."""
    domain, _ = split_domain_port(host.decode("latin-1"))
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def _other_bytes(ready: Ready) -> PageAnswer:
    headers = [pair for pair in ready.unchanged.headers if pair[0] != b"cache-control"]
    return PageAnswer.of(412, [*headers, (b"content-length", b"0")], b"")


def _part(ready: Ready, wanted: bytes, if_range: bytes) -> PageAnswer:
    whole = ready.whole
    length = len(whole.body)
    found = span(wanted, if_range, ready.etag, ready.modified, length)
    if found is None:
        return whole
    if found == "none":
        headers = [(b"content-range", b"bytes */%d" % length), (b"content-length", b"0")]
        return PageAnswer.of(416, headers, b"")
    body = whole.body[found.first : found.last + 1]
    place = b"bytes %d-%d/%d" % (found.first, found.last, length)
    headers = [pair for pair in whole.headers if pair[0] != b"content-length"]
    return PageAnswer.of(206, [*headers, (b"content-range", place), (b"content-length", b"%d" % len(body))], body)
