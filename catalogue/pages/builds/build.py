"""Render every shared page that is not kept yet, on all cores, and make the result the site's new edition.

What a page is made from is in its key (`addresses`), so a build after one change renders what that change touches. A
build that was stopped half-way goes on where it was. Nothing is published that has a mistake in it.
"""

import gc
import logging
import multiprocessing
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from django.conf import settings

from catalogue.base import fingerprint
from catalogue.base.kept_files import is_damage, is_noted, take_away
from catalogue.pages.builds import store
from catalogue.pages.builds.addresses import Address, addresses
from catalogue.pages.builds.rendering import NotRendered, Page, render
from catalogue.patterns.content import library as libraries
from catalogue.patterns.content import readings
from catalogue.patterns.content.library import Library
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.readings import Reading
from catalogue.patterns.search import index as search_index
from catalogue.patterns.search.index import Entry
from catalogue.patterns.search.query import index_file
from catalogue.processes.kernel import die_with_parent

logger = logging.getLogger(__name__)

FEW = 4
"""Up to so many pieces of work are done here: processes would take longer to start."""

type Progress = Callable[[str, int, int], None]
"""Told of each finished piece: what is being done, how many are, of how many."""


class BuildFailed(Exception):
    """The content has mistakes, or a page cannot be rendered. Nothing was published."""

    def __init__(self, mistakes: Iterable[ContentError | NotRendered]) -> None:
        self.mistakes = list(mistakes)
        super().__init__(f"{len(self.mistakes)} mistakes, the first: {self.mistakes[0]}")


@dataclass(frozen=True)
class Outcome:
    rendered: int
    kept: int
    """Pages that were there already."""
    forgotten: int
    seconds: float
    left_out: list[ContentError]
    """Mistakes of the patterns that were left out, in a lenient build."""


@dataclass(frozen=True)
class _Job:
    """The pages of one pattern, or one page of the whole catalogue, and whether the search index wants it too."""

    slug: str
    missing: tuple[Address, ...]
    index: bool


@dataclass
class _Done:
    pages: list[tuple[Address, Page]] = field(default_factory=list)
    entry: Entry | None = None
    failed: list[NotRendered] = field(default_factory=list)


def build(*, workers: int | None = None, lenient: bool = False, progress: Progress = lambda *_: None) -> Outcome:
    """Bring the kept pages up to date with the content, in so many processes (default: one a core).

    Raises BuildFailed; a `lenient` build leaves patterns with mistakes out instead, and says which. What was kept and
    is damaged is made again.
    """
    kept = (store.store_file(), index_file())
    for file in filter(is_noted, kept):
        take_away(file)
    try:
        return _build(workers, lenient, progress)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        logger.warning("The pages kept by earlier builds are damaged (%s) and are rendered again.", error)
        for file in kept:
            take_away(file)
        return _build(workers, lenient, progress)


def _build(workers: int | None, lenient: bool, progress: Progress) -> Outcome:
    started = time.monotonic()
    processes = workers or len(os.sched_getaffinity(0))
    readings_file = libraries.readings_file()
    with _no_collections():
        known = readings.load(readings_file)
        present = _read_content(known, processes, progress)
        if present.errors and not lenient:
            raise BuildFailed(present.errors)
        libraries.use(present)
        wanted = list(addresses(present.by_slug))
    with store.writing() as database:
        have = store.keys(database)
        indexed = _indexed()
        found = _jobs(present, [one for one in wanted if one.key not in have], indexed)
        # The longest first, or all would wait for it at the end.
        jobs = sorted(found, key=lambda job: len(job.missing), reverse=True)
        rendered = 0
        failed: list[NotRendered] = []
        entries: list[Entry] = []
        for number, done in enumerate(_all(_render, jobs, processes), 1):
            store.add(database, done.pages, int(time.time()))
            rendered += len(done.pages)
            failed += done.failed
            entries += [done.entry] if done.entry else []
            progress("rendering", number, len(jobs))
        if failed:
            raise BuildFailed(failed)
        _index(entries, indexed.keys() - present.by_slug.keys())
        readings.save(readings_file, present.readings, known)
        forgotten = store.publish(database, wanted, fingerprint.site(), present.signature)
    return Outcome(rendered, len(wanted) - rendered, forgotten, time.monotonic() - started, present.errors)


@contextmanager
def _no_collections() -> Iterator[None]:
    """A million objects come to stay: looking for dead ones among them, now or ever, would find none."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _read_content(known: Mapping[str, Reading], processes: int, progress: Progress) -> Library:
    content: Path = settings.CONTENT_DIR
    found, changed = readings.unchanged(content, known)
    for number, (folder, reading) in enumerate(_all(_read, changed, processes), 1):
        found[folder.name] = reading
        progress("reading", number, len(changed))
    return Library(content, found)


def _read(folder: Path) -> tuple[Path, Reading]:
    return folder, readings.read_folder(folder)[0]


def _indexed() -> dict[str, str]:
    database = search_index.opened(index_file())
    if database is None:
        return {}
    try:
        return search_index.known(database)
    finally:
        database.close()


def _jobs(present: Library, missing: list[Address], indexed: dict[str, str]) -> Iterator[_Job]:
    for slug, group in groupby(missing, key=lambda one: one.pattern):
        if slug:
            card = present.by_slug[slug]
            yield _Job(slug, tuple(group), indexed.get(slug) != card.content_hash)
        else:
            yield from (_Job("", (one,), False) for one in group)
    rendered = {one.pattern for one in missing}
    for slug, card in present.by_slug.items():
        if slug not in rendered and indexed.get(slug) != card.content_hash:
            yield _Job(slug, (), True)


def _render(job: _Job) -> _Done:
    done = _Done()
    for address in job.missing:
        try:
            done.pages.append((address, render(address)))
        except NotRendered as error:
            done.failed.append(error)
    if job.index and not done.failed:
        done.entry = Entry.of(libraries.library().get(job.slug))
    return done


def _index(entries: list[Entry], gone: Iterable[str]) -> None:
    gone = list(gone)
    if not entries and not gone and index_file().exists():
        return
    with search_index.changing(index_file()) as database:
        for slug in gone:
            search_index.drop(database, slug)
        for entry in entries:
            search_index.put(database, entry)


def _begin_work() -> None:
    """Of a process of the pool."""
    die_with_parent(signal.SIGKILL)  # it would wait for work indefinitely
    gc.freeze()  # what the copy has from its parent stays, and is not copied for being looked at
    gc.set_threshold(50_000)  # little of a page is garbage in cycles: 2 percent of the time instead of a twentieth
    gc.enable()


def _all[Work, Result](do: Callable[[Work], Result], work: list[Work], processes: int) -> Iterator[Result]:
    """The results in the order in which they come. The processes are copies of this one, as it is now."""
    if len(work) <= FEW or processes == 1:
        yield from map(do, work)
        return
    with ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_begin_work,
    ) as pool:
        waiting: set[Future[Result]] = {pool.submit(do, one) for one in work}
        for future in as_completed(waiting):
            waiting.remove(future)
            yield future.result()
