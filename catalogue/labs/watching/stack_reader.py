"""Reads the logs and counts of one watched stack: at once when something is done to it, then less and less often."""

import asyncio
import contextlib
import logging
import time

from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.lifecycle.support.rate_limited_log import RateLimitedLog
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import target_of
from catalogue.labs.targets.base import Resources, Target, TargetDown
from catalogue.labs.watching import gauges
from catalogue.labs.watching.feed import Feed
from catalogue.labs.watching.log_tail import LogTail
from catalogue.labs.watching.trace import LogLine

_errors = RateLimitedLog(logging.getLogger(__name__))

_ECHO_SECONDS = 0.02
"""From a call's answer until its lines are in the log, with the end of its invocation."""
_AT_REST = 2
"""How many of a target's pauses to wait after something new, when nothing says that more will come."""
_AT_REST_SYNCHRONOUS = 5
"""The same in a stack whose functions all have callers who wait: with the call's answer everything has happened."""
_SLOWER = 2.0
"""How many times longer each pause is than the one before, while nothing happens."""
_LONGEST_SECONDS = 10.0
_LONGEST_SYNCHRONOUS_SECONDS = 30.0
"""In a stack whose callers all wait, only somebody's own call of AWS changes anything without being announced."""
_AT_WORK_SECONDS = 1.0
"""The longest pause while the stack holds messages or an invocation has not ended."""
_FULL_SPEED_SECONDS = 15.0
"""So long after the last change, a stack at work is read as often as its target allows."""
_NOT_READY_SECONDS = 0.2


class StackReader:
    """Started with a lab's feed, and stopped with it. `turns` bounds how many stacks are read at a time."""

    def __init__(self, feed: Feed, turns: asyncio.Semaphore) -> None:
        self._feed = feed
        self._turns = turns
        self._tail: LogTail | None = None
        self._pause = 0.0
        self._changed_at = time.monotonic()
        self._hurried = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def hurry(self) -> None:
        """Something is being done to the stack."""
        self._changed_at = time.monotonic()
        self._hurried.set()

    def stop(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while not self._feed.ended:
            self._hurried.clear()
            lab = self._feed.lab
            if lab is None or lab.status != Status.READY:
                await self._wait(_NOT_READY_SECONDS)
                continue
            target = target_of(lab)
            try:
                async with self._turns:
                    changed = await self._read(target, lab)
                self._pause = self._next_pause(target, changed)
            except TargetDown:
                self._pause = min(max(self._pause, target.poll_seconds) * 2, _LONGEST_SECONDS)
            except Exception as error:  # whatever one answer was, the next may be read
                _errors.exception("Reading the stack of a watched lab", error)
                self._pause = min(max(self._pause, target.poll_seconds) * 2, _LONGEST_SECONDS)
            await asyncio.sleep(target.poll_seconds)
            if self._pause > target.poll_seconds:
                await self._wait(self._pause - target.poll_seconds)

    async def _wait(self, seconds: float) -> None:
        """Until the stack is hurried, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurried.wait()
                await asyncio.sleep(_ECHO_SECONDS)

    def _next_pause(self, target: Target, changed: bool) -> float:
        now = time.monotonic()
        if changed:
            self._changed_at = now
            if not self._feed.expects_more:
                return target.poll_seconds * (_AT_REST if self._feed.works_alone else _AT_REST_SYNCHRONOUS)
        if changed or self._hurried.is_set():
            return target.poll_seconds
        slower = max(self._pause, target.poll_seconds) * _SLOWER
        if not self._feed.expects_more:
            longest = _LONGEST_SECONDS if self._feed.works_alone else _LONGEST_SYNCHRONOUS_SECONDS
            return min(slower, max(longest, target.poll_seconds))
        if now - self._changed_at < _FULL_SPEED_SECONDS:
            return target.poll_seconds
        return min(slower, max(_AT_WORK_SECONDS, target.poll_seconds))

    async def _read(self, target: Target, lab: Lab) -> bool:
        """True if anything was new. What one source refuses does not keep back the other."""
        if self._tail is None:
            self._tail = LogTail(int(lab.created_at.timestamp() * 1000))
        read = await in_database(_readings, target, resources_of(lab), self._tail)
        self._feed.tell_lines(read.lines)
        counted = self._feed.tell_gauges(read.counts)
        if read.error is not None:
            raise read.error
        return bool(read.lines) or counted


class _Readings:
    def __init__(self) -> None:
        self.lines: list[LogLine] = []
        self.counts: list[gauges.Gauge] = []
        self.error: Exception | None = None


def _readings(target: Target, resources: Resources, tail: LogTail) -> _Readings:
    read = _Readings()
    try:
        read.lines = tail.read(target, resources)
    except Exception as error:
        read.error = error
    try:
        for gauge in gauges.read_gauges(target, resources):
            read.counts.append(gauge)
    except Exception as error:
        read.error = error
    return read
