"""Writes the calls that went through the edge to the database: in batches, off the requests' path."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from django.db import transaction

from catalogue.base.backends import faults
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.lifecycle.support.rate_limited_log import RateLimitedLog
from catalogue.labs.models import EdgeCall, Lab
from catalogue.observability.prometheus.metrics import recorder_dropped_total

logger = logging.getLogger(__name__)
_errors = RateLimitedLog(logger)

FLUSH_SECONDS = 0.08
"""A batch is written in a thread that competes with requests for the interpreter: rarely, yet soon enough to watch."""
KEPT_CALLS = 500
"""Of each lab, give or take a batch."""
_TRIM_EVERY = 100
_TOUCH_SECONDS = 5.0
_MOST_WAITING = 10_000
_LONGEST_PAUSE_SECONDS = 5.0
"""Between two attempts to write while storage is away."""


@dataclass(frozen=True)
class Call:
    lab_id: str
    trace: str
    method: str
    path: str
    status: int
    ms: float
    at: float


class Listener(Protocol):
    """Who in this process wants to know at once."""

    def hurry(self, lab_id: str) -> None:
        """This lab has just been called."""

    def calls_recorded(self) -> None:
        """Calls have just been written."""


class Recorder:
    """Collects calls of one event loop. `start` before the first, `stop` to write what is left."""

    def __init__(self, listener: Listener | None = None) -> None:
        self._listener = listener
        self._waiting: list[Call] = []
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._since_trim: dict[str, int] = {}
        self._touched: dict[str, float] = {}
        self._used: set[str] = set()
        self._forgotten = 0
        self._pause = FLUSH_SECONDS

    @property
    def waiting(self) -> int:
        """How many calls wait to be written, without those that are being written."""
        return len(self._waiting)

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def add(self, call: Call) -> None:
        """Keep the call until it is written. Past 10,000 that wait, while storage is away, it is forgotten."""
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(call)
            self._wake.set()
        else:
            self._forgotten += 1
            recorder_dropped_total.inc()
        if self._listener is not None:
            self._listener.hurry(call.lab_id)

    def used(self, lab_id: str) -> None:
        """Note that the lab is in use, for example by a message on an open WebSocket."""
        self._used.add(lab_id)
        self._wake.set()
        if self._listener is not None:
            self._listener.hurry(lab_id)

    async def stop(self) -> None:
        if self._task is not None:
            async with self._writing:  # a batch that is being written is not cut off
                self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self.flush()

    async def flush(self) -> None:
        """Write all that waits; a batch that is being written is written before this returns.

        What the database refuses is tried again with the next batch.
        """
        async with self._writing:
            calls, self._waiting = self._waiting, []
            used, self._used = self._used, set()
            touch, trim = self._due_to_touch({*used, *(call.lab_id for call in calls)}), self._due_to_trim(calls)
            if not calls and not touch:
                return
            try:
                await in_database(_write, calls, touch, trim)
            except Exception as error:
                if not faults.is_storage_fault(error):  # one call that cannot be written holds back no other
                    _errors.exception("A batch of calls could not be recorded as it is", error)
                    await in_database(_write_singly, calls)
                else:
                    faults.faults.note(error, "recording calls of labs")
                    waiting = [*calls, *self._waiting]
                    self._forgotten += max(0, len(waiting) - _MOST_WAITING)
                    self._waiting = waiting[:_MOST_WAITING]
                    self._touched.clear()  # no one has been noted as used
                    self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
                    return
            self._pause = FLUSH_SECONDS
            if self._forgotten:
                logger.error("%d calls were not recorded: the buffer for storage is full", self._forgotten)
                self._forgotten = 0
        if self._listener is not None:
            self._listener.calls_recorded()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(self._pause)
            self._wake.clear()
            try:
                await self.flush()
            except Exception as error:  # recording must go on, whatever was in one batch
                _errors.exception("Calls could not be recorded", error)
            if self._waiting:
                self._wake.set()

    def _due_to_touch(self, labs: Iterable[str]) -> set[str]:
        now = time.monotonic()
        due = {lab for lab in labs if now - self._touched.get(lab, -1e9) > _TOUCH_SECONDS}
        self._touched = {lab: at for lab, at in self._touched.items() if now - at <= _TOUCH_SECONDS}
        self._touched |= dict.fromkeys(due, now)
        return due

    def _due_to_trim(self, calls: Iterable[Call]) -> set[str]:
        due = set()
        for call in calls:
            count = self._since_trim.get(call.lab_id, 0) + 1
            if count >= _TRIM_EVERY:
                due.add(call.lab_id)
                count = 0
            self._since_trim[call.lab_id] = count
        if len(self._since_trim) > 2000:
            self._since_trim.clear()
        return due


def _write(calls: list[Call], touch: set[str], trim: set[str]) -> None:
    """All of it or nothing: what is tried again must not be there already."""
    with transaction.atomic():
        known = set(Lab.objects.filter(pk__in={call.lab_id for call in calls}).values_list("pk", flat=True))
        EdgeCall.objects.bulk_create([EdgeCall(**vars(call)) for call in calls if call.lab_id in known])
        if touch:
            services.touch(touch)
        for lab_id in trim:
            trim_calls(lab_id)


def _write_singly(calls: list[Call]) -> None:
    """Write each call that the database takes; the others are lost."""
    for call in calls:
        try:
            _write([call], set(), set())
        except Exception as error:
            _errors.exception("A call could not be recorded", error)


def trim_calls(lab_id: str) -> None:
    """Forget all but the newest calls of a lab."""
    kept = EdgeCall.objects.filter(lab_id=lab_id).order_by("-id").values_list("id", flat=True)
    oldest = kept[KEPT_CALLS - 1 : KEPT_CALLS].first()
    if oldest is not None:
        EdgeCall.objects.filter(lab_id=lab_id, id__lt=oldest).delete()
