"""Limits how many invocations of one lab are on the processor at once, so that a busy lab leaves room for others.

Lambda gives each execution environment a processor of its own. Here all share a few. More invocations at once than
processors make none of them faster, and a lab with many clients would take nearly all of the time. So those of one lab
wait for each other, in the order in which they came. An invocation whose worker sleeps or waits for an answer is not on
the processor and lets the next one start, so concurrency is not limited.
"""

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path

PER_LAB = (os.cpu_count() or 1) + 1
LOOK_SECONDS = 0.002
"""How often running invocations are looked at while others wait."""


def waits(pid: int) -> bool:
    """Whether the process neither runs nor is ready to run."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2][1:2]
    except OSError:
        return True
    return state != b"R"


class Turn:
    """One invocation's. `pid` is its worker's, once it has one."""

    __slots__ = ("pid", "since")

    def __init__(self) -> None:
        self.pid: int | None = None
        self.since = time.monotonic()


class Turns:
    """To be used on one event loop."""

    def __init__(self, most: int = PER_LAB, waits: Callable[[int], bool] = waits) -> None:
        self._most = most
        self._waits = waits
        self._running: dict[str, set[Turn]] = {}
        self._waiting: dict[str, deque[asyncio.Future[Turn]]] = {}
        self._looking = False

    @contextlib.asynccontextmanager
    async def of(self, lab: str) -> AsyncIterator[Turn]:
        """Wait for a turn among the invocations of this lab."""
        turn = await self._take(lab)
        try:
            yield turn
        finally:
            self._end(lab, turn)

    async def _take(self, lab: str) -> Turn:
        running = self._running.setdefault(lab, set())
        if len(running) < self._most:
            turn = Turn()
            running.add(turn)
            return turn
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Turn] = loop.create_future()
        self._waiting.setdefault(lab, deque()).append(future)
        if not self._looking:
            self._looking = True
            loop.call_later(LOOK_SECONDS, self._look)
        return await future

    def _end(self, lab: str, turn: Turn) -> None:
        """Hand the turn on, if it was not when its worker was found waiting."""
        running = self._running.get(lab, set())
        if turn not in running:
            return
        running.remove(turn)
        waiting = self._waiting.get(lab, deque())
        while waiting:
            future = waiting.popleft()
            if not future.done():
                following = Turn()
                running.add(following)
                future.set_result(following)
                break
        if not waiting:
            self._waiting.pop(lab, None)
        if not running:
            self._running.pop(lab, None)

    def _look(self) -> None:
        old = time.monotonic() - LOOK_SECONDS
        for lab in list(self._waiting):
            for turn in list(self._running.get(lab, ())):
                if turn.pid is not None and turn.since <= old and self._waits(turn.pid):
                    self._end(lab, turn)
        self._looking = bool(self._waiting)
        if self._looking:
            asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)
