"""What happens in a lab, gathered while somebody watches: one feed per lab and process, shared by its watchers.

Sources, the same on both targets: calls recorded by the edge (of any process), CloudWatch Logs, queue depths and
item counts. Nothing is read while nobody watches.
"""

import asyncio
import itertools
import logging
import time
import weakref
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import NamedTuple, Self

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.db import DatabaseError

from catalogue.labs import gauges, services
from catalogue.labs.asking import pattern_of
from catalogue.labs.database import in_database
from catalogue.labs.log_tail import LogTail
from catalogue.labs.models import EdgeCall, Lab, Status
from catalogue.labs.represent import lab_document
from catalogue.labs.targets import Resources, Target, TargetDown, get_target
from catalogue.labs.trace import Event, LogReader
from catalogue.patterns.runs.graph import graph_of
from catalogue.patterns.runs.lights import Lights

logger = logging.getLogger(__name__)

_KEPT_EVENTS = 3000
_ACTIVE_SECONDS = 3.0
_IDLE_POLL_SECONDS = 1.0
_CALLS_POLL_SECONDS = 0.1
_LATE_CALLS = 100
"""How many rows back one may still appear: processes that write at once do not commit in the order of their rows."""
_STATE_SECONDS = 0.5
_SILENCE_SECONDS = 10.0


class TooManyStreams(Exception):
    """The lab, or this process as a whole, is watched by as many streams as it may be; the message says which."""


class Cursor(NamedTuple):
    """How far a watcher has read: the last call's row, and the n-th event of the newest log timestamp."""

    call: int = 0
    log_ms: int = 0
    nth: int = 0

    def __str__(self) -> str:
        return f"{self.call}-{self.log_ms}-{self.nth}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for anything that is no cursor."""
        parts = text.split("-")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 16 for part in parts):
            return None
        return cls(*map(int, parts))


@dataclass(frozen=True)
class Told:
    """An event with the cursor after it, and its own place among the events of its source."""

    number: int
    cursor: Cursor
    event: Event
    place: Cursor

    def after(self, cursor: Cursor) -> bool:
        """Whether a watcher who has read up to `cursor` has not had it yet."""
        if self.place.call:
            return self.place.call > cursor.call
        return self.place[1:] > cursor[1:]


class Feed:
    """One lab's events in this process: gathered from the first watcher's coming to the last one's leaving."""

    def __init__(self, lab_id: str) -> None:
        self._lab_id = lab_id
        self._told: deque[Told] = deque(maxlen=_KEPT_EVENTS)
        self._cursor = Cursor()
        self._changed = asyncio.Event()
        self._state: Event | None = None
        self._gauges: dict[tuple[str, str], Event] = {}
        self._ended = False
        self._task: asyncio.Task[None] | None = None
        self._reader = LogReader()
        self._lights: Lights | None = None
        self._last_call = 0
        self._told_calls: set[int] = set()
        self._tail: LogTail | None = None
        self._watchers = 0

    @property
    def watchers(self) -> int:
        return self._watchers

    def join(self) -> None:
        """Count one watcher more; the first starts the feed."""
        self._watchers += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def leave(self) -> None:
        """Count one watcher less; the last stops the feed."""
        self._watchers -= 1
        if not self._watchers and self._task is not None:
            self._task.cancel()

    async def events(self, cursor: Cursor | None) -> AsyncIterator[Told | None]:
        """What happened since `cursor` (without one: all that is kept) and what happens; None for every silence.

        A watcher who comes back gets the present state and counts, not their history. Ends after `gone`.
        """
        number = 0
        if cursor is not None and self._told:
            for event in filter(None, (self._state, *self._gauges.values())):
                yield Told(0, cursor, event, Cursor())
            number = self._told[-1].number
            for told in list(self._told):
                if told.place != Cursor() and told.after(cursor):
                    yield told
        while True:
            changed = self._changed
            for told in self._since(number):
                number = told.number
                if cursor is None or told.place == Cursor() or told.after(cursor):
                    yield told
            if self._ended:
                return
            try:
                async with asyncio.timeout(_SILENCE_SECONDS):
                    await changed.wait()
            except TimeoutError:
                yield None

    def _since(self, number: int) -> list[Told]:
        fresh = list(itertools.takewhile(lambda told: told.number > number, reversed(self._told)))
        return fresh[::-1]

    async def _run(self) -> None:
        target = get_target()
        active_until = state_due = aws_due = 0.0
        lab: Lab | None = None
        while not self._ended:
            now = time.monotonic()
            try:
                if lab is None or now >= state_due or lab.status == Status.DEPLOYING:
                    lab = await in_database(_read_lab, self._lab_id)
                    self._tell_state(lab)
                    if lab is not None and self._lights is None and (pattern := pattern_of(lab)) is not None:
                        self._lights = Lights(graph_of(pattern, lab.variant))
                    state_due = now + _STATE_SECONDS
                    if self._ended or lab is None:
                        return
                calls = await in_database(
                    _read_calls, self._lab_id, self._last_call - _LATE_CALLS, frozenset(self._told_calls)
                )
                if calls:
                    active_until = now + _ACTIVE_SECONDS
                self._tell_calls(calls)
                if lab.status == Status.READY and (now >= aws_due or (calls and aws_due - now > target.poll_seconds)):
                    if await self._read_aws(target, lab):
                        active_until = now + _ACTIVE_SECONDS
                    aws_due = now + (target.poll_seconds if now < active_until else _IDLE_POLL_SECONDS)
            except (TargetDown, BotoCoreError, ClientError, DatabaseError) as error:
                logger.debug("Reading lab events: %s", error)
                state_due = 0
            await asyncio.sleep(_CALLS_POLL_SECONDS if time.monotonic() >= active_until else 0.05)

    async def _read_aws(self, target: Target, lab: Lab) -> bool:
        """Read logs and gauges; True if anything was new or messages are on their way."""
        resources = services.resources_of(lab)
        if self._tail is None:
            self._tail = LogTail(int(lab.created_at.timestamp() * 1000))
        lines = await in_database(self._tail.read, target, resources)
        for event in sorted(self._reader.read(lines), key=lambda event: event.at_ms):
            self._tell_log(event)
        counted = await in_database(_read_gauges, target, resources)
        at = time.time()
        for gauge in counted:
            self._tell_gauge(gauge, at)
        return bool(lines) or any(gauge.measure != "items" and gauge.value for gauge in counted)

    def _tell(self, event: Event, place: Cursor) -> None:
        if self._lights is not None and (edges := self._lights.edges(event.kind, event.data)):
            event.data["edges"] = edges
        number = self._told[-1].number + 1 if self._told else 1
        self._told.append(Told(number, self._cursor, event, place))
        self._changed.set()
        self._changed = asyncio.Event()

    def _tell_state(self, lab: Lab | None) -> None:
        if lab is None:
            self._ended = True
            self._tell(Event("gone", {"at": time.time(), "reason": "This lab is no longer known."}), Cursor())
            return
        state = lab_document(lab)
        if self._state is None or state != {key: self._state.data.get(key) for key in state}:
            self._state = Event("state", {"at": time.time(), **state})
            self._tell(self._state, Cursor())
        if not lab.live:
            self._ended = True
            self._tell(Event("gone", {"at": time.time(), "reason": lab.reason}), Cursor())

    def _tell_calls(self, calls: list[EdgeCall]) -> None:
        for call in calls:
            self._last_call = max(self._last_call, call.pk)
            self._cursor = self._cursor._replace(call=self._last_call)
            data = {
                "at": call.at,
                "trace": call.trace,
                "method": call.method,
                "path": call.path,
                "status": call.status,
                "ms": call.ms,
            }
            self._tell(Event("request", data), Cursor(call=call.pk))
        told = self._told_calls.union(call.pk for call in calls)
        self._told_calls = {pk for pk in told if pk > self._last_call - _LATE_CALLS}

    def _tell_log(self, event: Event) -> None:
        cursor = self._cursor
        if event.at_ms > cursor.log_ms:
            cursor = cursor._replace(log_ms=event.at_ms, nth=1)
        elif event.at_ms == cursor.log_ms:
            cursor = cursor._replace(nth=cursor.nth + 1)
        self._cursor = cursor
        self._tell(event, Cursor(0, event.at_ms, cursor.nth if event.at_ms == cursor.log_ms else 0))

    def _tell_gauge(self, gauge: gauges.Gauge, at: float) -> None:
        key = (gauge.resource, gauge.measure)
        before = self._gauges.get(key)
        if before is None or before.data["value"] != gauge.value:
            data = {"at": at, "resource": gauge.resource, "measure": gauge.measure, "value": gauge.value}
            self._gauges[key] = Event("gauge", data)
            self._tell(self._gauges[key], Cursor())


def _read_lab(lab_id: str) -> Lab | None:
    lab = Lab.objects.filter(pk=lab_id).first()
    return None if lab is None else services.refresh_lab(lab)


def _read_calls(lab_id: str, after: int, without: frozenset[int]) -> list[EdgeCall]:
    calls = EdgeCall.objects.filter(lab_id=lab_id, pk__gt=after).exclude(pk__in=without)
    return list(calls.order_by("pk")[:1000])


def _read_gauges(target: Target, resources: Resources) -> list[gauges.Gauge]:
    return list(gauges.read_gauges(target, resources))


_feeds: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Feed]]" = weakref.WeakKeyDictionary()


def require_room(lab_id: str) -> None:
    """Raises TooManyStreams if no watcher more may come to the lab, or to any lab, on the running event loop."""
    feeds = _feeds.get(asyncio.get_running_loop(), {})
    feed = feeds.get(lab_id)
    if feed is not None and feed.watchers >= settings.LABS_STREAMS_PER_LAB:
        raise TooManyStreams("This lab is watched by as many pages as it may be. Close one of them.")
    if sum(feed.watchers for feed in feeds.values()) >= settings.LABS_STREAMS:
        raise TooManyStreams("As many pages watch labs as this site can serve at a time. Come back in a moment.")


async def watch(lab_id: str, cursor: Cursor | None) -> AsyncGenerator[Told | None]:
    """The lab's events for one watcher, who leaves when the iteration is closed. Raises TooManyStreams."""
    require_room(lab_id)
    feeds = _feeds.setdefault(asyncio.get_running_loop(), {})
    feed = feeds.get(lab_id) or feeds.setdefault(lab_id, Feed(lab_id))
    feed.join()
    try:
        async for told in feed.events(cursor):
            yield told
    finally:
        feed.leave()
        if not feed.watchers and feeds.get(lab_id) is feed:
            del feeds[lab_id]
