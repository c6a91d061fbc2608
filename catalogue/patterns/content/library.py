"""The pattern library that pages, feeds, labs and newsletter share: a card of each pattern, whole ones on demand.

Discovery is the folder listing. A pattern with a mistake that would break a page is left out and its mistakes
are kept in `Library.errors`; everything else that can be wrong is found by `catalogue.patterns.content.checks`.
"""

import hashlib
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.conf import settings

from catalogue.base.kept_files import kept_file
from catalogue.patterns.content import readings
from catalogue.patterns.content.cards import Card, card_of
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern, UnknownPattern, read_pattern
from catalogue.patterns.content.projects.reading import read_project
from catalogue.patterns.content.readings import Reading

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
        self.renamed: Mapping[str, str] = {
            alias: card.slug for card in self.by_slug.values() for alias in card.front.aliases if alias not in found
        }
        """Present slugs of published patterns by each of their earlier ones."""
        self.errors: list[ContentError] = [error for reading in found.values() for error in reading.errors]
        self._whole: OrderedDict[str, Pattern] = OrderedDict()
        self._turn = threading.Lock()

    @property
    def signature(self) -> str:
        """Of every file of every pattern, whether it can be shown or not."""
        parts = [f"{slug} {self.readings[slug].signature}" for slug in sorted(self.readings)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def card(self, slug: str) -> Card | None:
        """The card of a published pattern, by its slug or by an earlier one."""
        return self.by_slug.get(self.renamed.get(slug, slug))

    def names(self, slug: str) -> tuple[str, ...]:
        """The slug and all others that the same published pattern has or had; an unknown slug alone."""
        card = self.card(slug)
        return (slug,) if card is None else (card.slug, *card.front.aliases)

    def get(self, slug: str) -> Pattern:
        """The published pattern, whole, by its slug or by an earlier one.

        Raises UnknownPattern, also for a draft or one left out for its mistakes.
        """
        card = self.card(slug)
        if card is None:
            raise UnknownPattern(slug)
        return self._read(card)

    def published(self, slug: str) -> Pattern | None:
        """The published pattern, whole, by its slug or by an earlier one; or None."""
        return self._found(self.card(slug))

    def find(self, slug: str) -> Pattern | None:
        """The pattern, published or a draft, whole; None if there is none of this name. Earlier slugs count."""
        return self._found(self.card(slug) or self.drafts.get(slug))

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


def read_library(content: Path, known: Mapping[str, Reading] | None = None, most_whole: int = MOST_WHOLE) -> Library:
    """Every pattern that a page can show. Never raises for a mistake in content: see `Library.errors`.

    `known` are earlier readings: a folder whose signature is the same still is not read again. Of the patterns that are
    read, up to `most_whole` are kept whole.
    """
    found, changed = readings.unchanged(content, known or {})
    whole: list[Pattern] = []
    for folder in changed:
        found[folder.name], pattern = readings.read_folder(folder)
        if pattern is not None and len(whole) < most_whole:
            whole.append(pattern)
    fresh = Library(content, found)
    for pattern in whole:
        fresh.keep(pattern)
    return fresh


def library_of(pattern: Pattern) -> Library:
    """A library with one pattern, which is read already."""
    reading = Reading(pattern.content_hash, card_of(pattern), ())
    one = Library(pattern.folder.parent, {pattern.slug: reading})
    one.keep(pattern)
    return one


_lock = threading.Lock()
_kept: Library | None = None
_built: tuple[int, int, int] | None = None
"""The times of the readings that a build has kept, when `as_built` last looked."""


def library() -> Library:
    """The library of this process. With DEBUG it is read again when any file under CONTENT_DIR has changed.

    Without, pages come from a build, and whole patterns are read one by one where one is needed.
    """
    global _kept
    content: Path = settings.CONTENT_DIR
    with _lock:
        if settings.PROJECT_TEMPLATE:
            if _kept is None:
                _kept = library_of(
                    read_project(Path(settings.PROJECT_TEMPLATE), json.loads(settings.PROJECT_PARAMETERS))
                )
            return _kept
        if _kept is not None and _kept.content == content:
            if not settings.DEBUG or _unchanged(_kept):
                return _kept
            known = _kept.readings
        else:
            known = readings.load(readings_file())
        _kept = read_library(content, known, MOST_WHOLE if settings.DEBUG else 0)
        return _kept


def as_built() -> Library:
    """The library with what builds have changed since: for a process that no door of the kept pages keeps current.

    With DEBUG it is `library()`. Costs one look at a file's times while nothing has changed.
    """
    global _built
    if settings.DEBUG:
        return library()
    built = _stamp_of(readings_file())
    if built != _built:
        refresh()
        _built = built
    return library()


def _stamp_of(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


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
            _kept = read_library(_kept.content, _kept.readings, 0)


def readings_file() -> Path:
    """Where `manage.py build` keeps the readings of CONTENT_DIR."""
    return kept_file("readings", str(settings.CONTENT_DIR), ".pickle")


def _unchanged(kept: Library) -> bool:
    found, changed = readings.unchanged(kept.content, kept.readings)
    return not changed and found.keys() == kept.readings.keys()
