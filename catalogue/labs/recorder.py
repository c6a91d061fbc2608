"""Writes the calls that went through the edge to the database: in batches, off the requests' path."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import DatabaseError

from catalogue.labs import services
from catalogue.labs.database import in_database
from catalogue.labs.models import EdgeCall, Lab

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.08
"""A batch is written in a thread that competes with requests for the interpreter: rarely, yet soon enough to watch."""
KEPT_CALLS = 500
"""Of each lab, give or take a batch."""
_TRIM_EVERY = 100
_TOUCH_SECONDS = 5.0
_MOST_WAITING = 10_000


@dataclass(frozen=True)
class Call:
    lab_id: str
    trace: str
    method: str
    path: str
    status: int
    ms: float
    at: float


class Recorder:
    """Collects calls of one event loop. `start` before the first, `stop` to write what is left."""

    def __init__(self) -> None:
        self._waiting: list[Call] = []
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._since_trim: dict[str, int] = {}
        self._touched: dict[str, float] = {}

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def add(self, call: Call) -> None:
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(call)
            self._wake.set()

    async def stop(self) -> None:
        if self._task is not None:
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
            if not calls:
                return
            try:
                await in_database(_write, calls, self._due_to_touch(calls), self._due_to_trim(calls))
            except DatabaseError as error:
                logger.warning("%d calls could not be recorded yet: %s", len(calls), error)
                self._waiting = [*calls, *self._waiting][:_MOST_WAITING]

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(FLUSH_SECONDS)
            self._wake.clear()
            try:
                await self.flush()
            except Exception:  # recording must go on, whatever was in one batch
                logger.exception("A batch of calls could not be recorded")
            if self._waiting:
                self._wake.set()

    def _due_to_touch(self, calls: Iterable[Call]) -> set[str]:
        now = time.monotonic()
        due = {call.lab_id for call in calls if now - self._touched.get(call.lab_id, -1e9) > _TOUCH_SECONDS}
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
    known = set(Lab.objects.filter(pk__in={call.lab_id for call in calls}).values_list("pk", flat=True))
    EdgeCall.objects.bulk_create([EdgeCall(**vars(call)) for call in calls if call.lab_id in known])
    if touch:
        services.touch(touch)
    for lab_id in trim:
        trim_calls(lab_id)


def trim_calls(lab_id: str) -> None:
    """Forget all but the newest calls of a lab."""
    kept = EdgeCall.objects.filter(lab_id=lab_id).order_by("-id").values_list("id", flat=True)
    oldest = kept[KEPT_CALLS - 1 : KEPT_CALLS].first()
    if oldest is not None:
        EdgeCall.objects.filter(lab_id=lab_id, id__lt=oldest).delete()
