"""The pages of one edition in a web process: all addresses at hand, the bytes of those asked for most."""

import json
import sqlite3
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple, Self

from django.utils.http import http_date

from catalogue.base.kept_files import note_damage_or_raise
from catalogue.pages.builds import store
from catalogue.pages.builds.store import Kept
from catalogue.pages.serving.http import Encoding, etag_of

type Headers = list[tuple[bytes, bytes]]
_NOT_IN_304 = frozenset(
    (b"content-type", b"content-encoding", b"content-length", b"content-disposition", b"accept-ranges")
)
_OVERHEAD = 3000
"""Bytes that an answer at hand takes beside its body, roughly."""


class PageAnswer(NamedTuple):
    status: int
    headers: Headers
    head: bytes
    """The same headers as they stand in an HTTP/1.1 message, a line each."""
    body: bytes

    @classmethod
    def of(cls, status: int, headers: Headers, body: bytes) -> Self:
        return cls(status, headers, b"".join(b"%s: %s\r\n" % pair for pair in headers), body)


class Ready(NamedTuple):
    """A page in one encoding, ready to be sent."""

    whole: PageAnswer
    unchanged: PageAnswer
    """304, for who has it."""
    etag: str
    tag: bytes
    """The same as it stands in a header."""
    modified: bytes
    changed: int
    ranges: bool
    """Whether parts of it can be asked for."""


class PageCache:
    """Not for several threads: it belongs to the event loop."""

    def __init__(self, database: sqlite3.Connection, pages: Iterable[Kept], most_bytes: int) -> None:
        self._database = database
        self._most_bytes = most_bytes
        self._bytes = 0
        self._at_hand: OrderedDict[tuple[str, Encoding], Ready] = OrderedDict()
        self._by_path: dict[str, list[Kept]] = {}
        for page in pages:
            self._by_path.setdefault(page.path, []).append(page)

    def __len__(self) -> int:
        return sum(map(len, self._by_path.values()))

    @property
    def bytes_at_hand(self) -> int:
        return self._bytes

    def find(self, path: str) -> list[Kept]:
        """The pages at this path: one, or one for each query string that leads to a page of its own."""
        return self._by_path.get(path, [])

    def ready(self, page: Kept, encoding: Encoding) -> Ready | None:
        """The page in the encoding, or as it is where it is not packed; None if a newer build has forgotten it, or it
        cannot be read."""
        if not page.packed:
            encoding = "identity"
        at = (page.key, encoding)
        ready = self._at_hand.get(at)
        if ready is not None:
            self._at_hand.move_to_end(at)
            return ready
        body = self._body(page, encoding)
        if body is None:
            return None
        ready = _ready(page, encoding, body)
        self._at_hand[at] = ready
        self._bytes += len(body) + _OVERHEAD
        while self._bytes > self._most_bytes and len(self._at_hand) > 1:
            _, oldest = self._at_hand.popitem(last=False)
            self._bytes -= len(oldest.whole.body) + _OVERHEAD
        return ready

    def _body(self, page: Kept, encoding: Encoding) -> bytes | None:
        unpack = page.packed and encoding == "identity"
        try:
            body = store.body(self._database, page.key, "gzip" if unpack else encoding)
        except sqlite3.DatabaseError as error:
            note_damage_or_raise(store.store_file(), error)
            return None
        return zlib.decompress(body, wbits=31) if body is not None and unpack else body


def _ready(page: Kept, encoding: Encoding, body: bytes) -> Ready:
    etag = etag_of(page.etag, encoding)
    modified = http_date(page.changed).encode()
    headers = [(name.encode(), value.encode("latin-1")) for name, value in json.loads(page.headers) if name != "vary"]
    headers += [(b"etag", etag.encode()), (b"last-modified", modified)]
    if page.packed:
        headers.append((b"vary", b"accept-encoding"))
        if encoding != "identity":
            headers.append((b"content-encoding", encoding.encode()))
    else:
        headers.append((b"accept-ranges", b"bytes"))
    headers.append((b"content-length", b"%d" % len(body)))
    unchanged = PageAnswer.of(304, [pair for pair in headers if pair[0] not in _NOT_IN_304], b"")
    return Ready(
        PageAnswer.of(200, headers, body), unchanged, etag, etag.encode(), modified, page.changed, not page.packed
    )
