"""The pattern library that pages, feeds, labs and newsletter share: a card of each pattern, whole ones on demand.

Discovery is the folder listing. A pattern with a mistake that would break a page is left out and its mistakes
are kept in `Library.errors`; everything else that can be wrong is found by `catalogue.patterns.checks`.
"""

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.conf import settings

from catalogue.kept_files import kept_file
from catalogue.patterns import readings
from catalogue.patterns.cards import Card
from catalogue.patterns.content import Pattern, UnknownPattern, read_pattern
from catalogue.patterns.mistakes import ContentError
from catalogue.patterns.readings import Reading

logger = logging.getLogger(__name__)

MOST_WHOLE = 64
"""How many whole patterns one process keeps, the least recently used goes first."""


class Library:
    """The patterns of one moment. Threads may share it."""

    def __init__(self, content: Path, found: Mapping[str, Reading]) -> None:
        self.content = content
        self.readings = found
        cards = sorted(
            (reading.card for reading in found.values() if reading.card is not None),
            key=lambda card: (card.level, card.title),
        )
        self.by_slug: Mapping[str, Card] = {card.slug: card for card in cards if not card.front.draft}
        """The published patterns by level, then title."""
        self.drafts: Mapping[str, Card] = {card.slug: card for card in cards if card.front.draft}
        self.errors: list[ContentError] = [error for reading in found.values() for error in reading.errors]
        self._whole: OrderedDict[str, Pattern] = OrderedDict()
        self._turn = threading.Lock()

    @property
    def signature(self) -> str:
        """Of every file of every pattern, whether it can be shown or not."""
        parts = [f"{slug} {self.readings[slug].signature}" for slug in sorted(self.readings)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def get(self, slug: str) -> Pattern:
        """The published pattern, whole. Raises UnknownPattern, also for a draft or one left out for its mistakes."""
        if slug not in self.by_slug:
            raise UnknownPattern(slug)
        return self._read(self.by_slug[slug])

    def published(self, slug: str) -> Pattern | None:
        """The published pattern, whole, or None."""
        return self._found(self.by_slug.get(slug))

    def find(self, slug: str) -> Pattern | None:
        """The pattern, published or a draft, whole; None if there is none of this name."""
        return self._found(self.by_slug.get(slug) or self.drafts.get(slug))

    def patterns(self) -> Iterator[Pattern]:
        """The published ones, whole, one after the other."""
        return map(self._read, self.by_slug.values())

    def keep(self, pattern: Pattern) -> None:
        """Have a whole pattern at hand that was read already."""
        with self._turn:
            self._whole[pattern.slug] = pattern
            self._whole.move_to_end(pattern.slug)
            while len(self._whole) > MOST_WHOLE:
                self._whole.popitem(last=False)

    def _found(self, card: Card | None) -> Pattern | None:
        try:
            return None if card is None else self._read(card)
        except UnknownPattern:
            return None

    def _read(self, card: Card) -> Pattern:
        with self._turn:
            kept = self._whole.get(card.slug)
            if kept is not None:
                self._whole.move_to_end(card.slug)
                return kept
        pattern, _ = read_pattern(self.content / card.slug)
        if pattern is None:
            raise UnknownPattern(card.slug)
        if pattern.content_hash != card.content_hash:
            logger.warning("%s was changed since the site read it: run `manage.py build`.", card.slug)
        self.keep(pattern)
        return pattern


def read_library(content: Path, known: Mapping[str, Reading] | None = None) -> Library:
    """Every pattern that a page can show. Never raises for a mistake in content: see `Library.errors`.

    `known` are earlier readings: a folder whose signature is the same still is not read again.
    """
    found, changed = readings.unchanged(content, known or {})
    whole: list[Pattern] = []
    for folder in changed:
        found[folder.name], pattern = readings.read_folder(folder)
        if pattern is not None and len(whole) < MOST_WHOLE:
            whole.append(pattern)
    fresh = Library(content, found)
    for pattern in whole:
        fresh.keep(pattern)
    return fresh


_lock = threading.Lock()
_kept: Library | None = None


def library() -> Library:
    """The library of this process. With DEBUG it is read anew once any file under CONTENT_DIR changed."""
    global _kept
    content: Path = settings.CONTENT_DIR
    with _lock:
        if _kept is not None and _kept.content == content:
            if not settings.DEBUG or _unchanged(_kept):
                return _kept
            known = _kept.readings
        else:
            known = readings.load(readings_file())
        _kept = read_library(content, known)
        return _kept


def use(fresh: Library) -> None:
    """Let this process go on with a library that it has read itself."""
    global _kept
    with _lock:
        _kept = fresh


def refresh() -> None:
    """Read now what has changed since this process read the library."""
    global _kept
    with _lock:
        if _kept is not None:
            _kept = read_library(_kept.content, _kept.readings)


def readings_file() -> Path:
    """Where `manage.py build` keeps the readings of CONTENT_DIR."""
    return kept_file("readings", str(settings.CONTENT_DIR), ".pickle")


def _unchanged(kept: Library) -> bool:
    found, changed = readings.unchanged(kept.content, kept.readings)
    return not changed and found.keys() == kept.readings.keys()
