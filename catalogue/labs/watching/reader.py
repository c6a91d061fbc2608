"""Reads what happens in all watched labs, once for each process: calls and states from the database, logs and counts
from AWS. What it finds goes to the labs' feeds, and from there in memory to everyone who watches.

An idle lab costs its share of a few queries. Nothing is read while no one watches.
"""

import asyncio
import contextlib
import logging
import time
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.lifecycle.support.rate_limited_log import RateLimitedLog
from catalogue.labs.models import Lab, Status
from catalogue.labs.watching.event_log import Cursor, LabEvent
from catalogue.labs.watching.feed import LATE_CALLS, CallRow, Feed, require_room
from catalogue.labs.watching.stack_reader import StackReader
from catalogue.labs.watching.watched_rows import (
    MOST_ROWS,
    Signature,
    all_calls,
    calls_since,
    labs_of,
    latest_call,
    overtaken,
    signatures,
    troubles,
)

_errors = RateLimitedLog(logging.getLogger(__name__))

_CALLS_SECONDS = 0.1
"""Between two looks for calls that other processes have recorded; this process's own are read at once."""
_LATE_SECONDS = 0.5
"""Between two looks for rows that appear later than their successors."""
_STATE_SECONDS = 0.5
_DEPLOYING_SECONDS = 0.1
_STACKS_AT_ONCE = 8
_LONGEST_BACKOFF_SECONDS = 5.0


class LabsReader:
    """The reader of one event loop."""

    def __init__(self) -> None:
        self.feeds: dict[str, Feed] = {}
        self._stacks: dict[str, StackReader] = {}
        self._turns = asyncio.Semaphore(_STACKS_AT_ONCE)
        self._signatures: dict[str, Signature] = {}
        self._without_history: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._recorded = asyncio.Event()
        self._joined = asyncio.Event()
        self._last_call: int | None = None
        self._look_back_at = 0.0

    def join(self, lab_id: str) -> Feed:
        """One watcher more; the first of a lab starts its feed."""
        feed = self.feeds.get(lab_id)
        if feed is None:
            feed = self.feeds[lab_id] = Feed(lab_id)
            self._stacks[lab_id] = StackReader(feed, self._turns)
            self._without_history.add(lab_id)
            self._joined.set()
            self._recorded.set()
        feed.watchers += 1
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._repeat("Reading calls of watched labs", self._read_calls, self._recorded)),
                asyncio.create_task(self._repeat("Reading states of watched labs", self._read_states, self._joined)),
            ]
        return feed

    def leave(self, feed: Feed) -> None:
        """One watcher less; with the last one the lab is no longer read."""
        feed.watchers -= 1
        if not feed.watchers and self.feeds.get(feed.lab_id) is feed:
            del self.feeds[feed.lab_id]
            self._stacks.pop(feed.lab_id).stop()
            self._signatures.pop(feed.lab_id, None)
            self._without_history.discard(feed.lab_id)
        if not self.feeds:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    def calls_recorded(self) -> None:
        """This process has written calls: they are read now."""
        self._recorded.set()

    def hurry(self, lab_id: str) -> None:
        """Something is being done to this lab: its stack is read now, and often for a while."""
        if lab_id in self._stacks:
            self._stacks[lab_id].hurry()

    async def _repeat(self, what: str, turn: Callable[[], Awaitable[float]], hurried: asyncio.Event) -> None:
        """Take turns until canceled; each says how many seconds until the next one, unless `hurried`."""
        failures = 0
        while True:
            hurried.clear()
            try:
                pause = await turn()
                failures = 0
            except Exception as error:
                _errors.exception(what, error)
                failures = min(failures + 1, 10)
                await asyncio.sleep(min(_LONGEST_BACKOFF_SECONDS, 0.1 * 2**failures))
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await hurried.wait()

    async def _read_calls(self) -> float:
        now = time.monotonic()
        latest = await in_database(latest_call)
        if self._last_call is None:
            self._last_call = latest
        for lab_id in list(self._without_history):
            self._tell_calls({lab_id: await in_database(all_calls, lab_id)})
            self._without_history.discard(lab_id)
        look_back = now >= self._look_back_at
        if latest <= self._last_call and not look_back:
            return _CALLS_SECONDS
        if look_back:
            self._look_back_at = now + _LATE_SECONDS
        after = self._last_call - (LATE_CALLS if look_back else 0)
        calls = await in_database(calls_since, after, list(self.feeds))
        self._tell_calls(calls)
        read = sum(map(len, calls.values()))
        newest = max((row.pk for rows in calls.values() for row in rows), default=0)
        # Rows past the first thousand are read in the next turn, which comes at once.
        more = read >= MOST_ROWS and newest < latest
        self._last_call = max(self._last_call, newest if more else latest)
        for feed in self.feeds.values():
            feed.forget_calls(self._last_call - LATE_CALLS)
        return 0.0 if more else _CALLS_SECONDS

    def _tell_calls(self, calls: Mapping[str, list[CallRow]]) -> None:
        for lab_id, rows in calls.items():
            feed = self.feeds.get(lab_id)
            if feed is not None and feed.tell_calls(rows):
                self.hurry(lab_id)

    async def _read_states(self) -> float:
        ids = [lab_id for lab_id, feed in self.feeds.items() if not feed.ended]
        found = await in_database(signatures, ids)
        changed = [lab_id for lab_id in ids if found.get(lab_id) != self._signatures.get(lab_id, ())]
        self._tell_states(changed, await in_database(labs_of, changed))
        for lab_id in changed:
            self.hurry(lab_id)  # also for what another process does to it: that touches the row
            if lab_id in self.feeds and lab_id in found:
                self._signatures[lab_id] = found[lab_id]
        watched = [feed.lab for feed in self.feeds.values() if feed.lab is not None and not feed.ended]
        for lab in await in_database(overtaken, watched):
            await self._refresh(lab)
        for lab_id, trouble in (await in_database(troubles, watched)).items():
            if lab_id in self.feeds:
                self.feeds[lab_id].tell_trouble(trouble)
        deploying = any(lab.status == Status.DEPLOYING for lab in watched)
        return _DEPLOYING_SECONDS if deploying else _STATE_SECONDS

    async def _refresh(self, lab: Lab) -> None:
        try:
            self._tell_states([lab.pk], {lab.pk: await in_database(services.refresh_lab, lab)})
        except Lab.DoesNotExist:
            self._tell_states([lab.pk], {})
        except Exception as error:  # the other labs' states are read nonetheless
            _errors.exception("Reading the state of a watched lab", error)

    def _tell_states(self, lab_ids: list[str], labs: Mapping[str, Lab]) -> None:
        for lab_id in lab_ids:
            if lab_id in self.feeds:
                self.feeds[lab_id].tell_state(labs.get(lab_id))


_readers: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LabsReader]" = weakref.WeakKeyDictionary()


def running_reader() -> LabsReader:
    """The reader of the running event loop, made when first needed."""
    loop = asyncio.get_running_loop()
    if loop not in _readers:
        _readers[loop] = LabsReader()
    return _readers[loop]


def watching_now() -> int:
    """How many streams watch labs on the running event loop."""
    reader = _readers.get(asyncio.get_running_loop())
    return 0 if reader is None else sum(feed.watchers for feed in reader.feeds.values())


async def watch(lab_id: str, cursor: Cursor | None) -> AsyncGenerator[list[LabEvent]]:
    """The lab's events for one watcher, who leaves when the iteration is closed; see `Feed.events`.

    Raises TooManyStreams, Overrun.
    """
    reader = running_reader()
    require_room(reader.feeds, lab_id)
    feed = reader.join(lab_id)
    try:
        async for told in feed.events(cursor):
            yield told
    finally:
        reader.leave(feed)
