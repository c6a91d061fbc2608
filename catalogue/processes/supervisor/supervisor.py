"""The tree: which part is started, replaced and stopped when."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from catalogue.processes import kernel as processes
from catalogue.processes.supervisor import systemd
from catalogue.processes.supervisor.parts import Part, PartFailedError
from catalogue.processes.supervisor.running import CHECK_SECONDS, Running
from catalogue.processes.supervisor.state import PartStatus, StateFile

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 10.0
"""A part that has run for so long is started again at once; the pause grows for one that dies sooner."""


class Supervisor:
    """Runs parts until `stop` is called; `run` returns once every process is gone.

    The needed ones start together, the others one after the other. With `sole`, every child of this process is
    taken for a part's, and one that no part is left for is killed: leave it off where the process has other children.
    """

    def __init__(
        self, parts: Sequence[Part], on_ready: Callable[[], None], state: Path | None = None, *, sole: bool = False
    ) -> None:
        self._parts = parts
        self._on_ready = on_ready
        self._sole = sole
        self._stopping = asyncio.Event()
        self._running: dict[str, Running] = {}
        self._forking = asyncio.Lock()
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._state = StateFile(state)
        self._state.parts = {part.name: PartStatus(needed=part.needed) for part in parts}

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Raises `PartFailedError` if a part cannot be started the first time."""
        if self._sole:
            processes.adopt_orphans()
        ticking = asyncio.create_task(self._tick())
        try:
            await self._start_needed()
            if self._stopping.is_set():
                return
            self._state.state = "running"
            self._on_ready()
            systemd.notify("READY=1", "STATUS=All required parts answer.")
            for part in self._parts:
                if not part.needed and not self._stopping.is_set():
                    self._look_after(part, started=False)
                    await self._until_started(part)
            await self._stopping.wait()
        finally:
            self._stopping.set()
            self._state.state = "stopping"
            self._state.write()
            systemd.notify("STOPPING=1")
            await _cancel(*self._keepers.values())
            await self._end_all()
            await _cancel(ticking)
            self._state.remove()

    async def _start_needed(self) -> None:
        needed = [part for part in self._parts if part.needed]
        starting = [asyncio.create_task(self._start(part)) for part in needed]
        try:
            await asyncio.gather(*starting)
        finally:
            await _cancel(*starting)
        for part in needed:
            self._look_after(part, started=True)

    def _look_after(self, part: Part, *, started: bool) -> None:
        async def safely() -> None:
            try:
                await (self._watch(part) if part.once else self._keep(part, started=started))
            except Exception:  # a mistake in here: systemd's watchdog hears no more, see `_tick`
                logger.exception("%s is no longer supervised", part.name)
                raise

        self._keepers[part.name] = asyncio.create_task(safely())

    async def _start(self, part: Part) -> None:
        async with self._forking:
            running = self._running[part.name] = await Running.start(part)
        told = self._state.parts[part.name]
        told.pid, told.since, told.ticks = running.pid, round(running.since, 3), running.ticks
        self._state.write()
        await running.until_ready(self._stopping)
        told.state = "running"
        self._state.write()

    async def _until_started(self, part: Part) -> None:
        """Wait for the first start of a part, or its first failure."""
        while self._state.parts[part.name].state == "starting" and not self._stopping.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def _keep(self, part: Part, *, started: bool) -> None:
        """Replace the part whenever it dies or hangs. One that is not `started` yet is started first."""
        told = self._state.parts[part.name]
        pause = 0.0
        lost: float | None = None if started else time.monotonic()
        while True:
            if lost is not None:
                try:
                    await asyncio.sleep(pause)
                    pause = min(max(FIRST_PAUSE_SECONDS, pause * 2), LONGEST_PAUSE_SECONDS)
                    await self._start(part)
                except PartFailedError as failure:
                    told.state = "replacing"
                    logger.error("%s The next try is in %.1f s.", failure, pause)
                    await self._clear(part)
                    continue
                if told.cause:
                    took = time.monotonic() - lost
                    logger.warning("%s %s; it was running again after %.1f s", part.name, told.cause, took)
            ready = time.monotonic()
            told.cause = await self._running[part.name].until_over()
            lost = time.monotonic()
            planned = self._running[part.name].asked_for_restart
            if planned or lost - ready >= STEADY_SECONDS:
                pause = 0.0
            told.state = "replacing"
            if planned:
                told.cause = ""
            else:
                told.restarts += 1
            self._state.write()
            await self._clear(part)

    async def _watch(self, part: Part) -> None:
        """Run a piece of work that ends."""
        told = self._state.parts[part.name]
        try:
            await self._start(part)
        except PartFailedError as failure:
            logger.error("%s", failure)
            told.state = "ended"
            return
        cause = await self._running[part.name].until_over()
        failed = self._running[part.name].code != 0
        told.state, told.cause = ("ended", cause) if failed else ("done", "")
        if failed:
            logger.warning("%s %s", part.name, cause)
        await self._clear(part)

    async def _clear(self, part: Part) -> None:
        """Kill what is left of the part's process, its children and those that have left its group."""
        running = self._running.pop(part.name, None)
        if running is not None:
            await running.kill()
        await self._kill_strays()
        self._state.parts[part.name].pid = None
        self._state.write()

    async def _kill_strays(self) -> None:
        if not self._sole:
            return
        async with self._forking:  # or a part that is just being started would be taken for one
            for pid in set(processes.children()) - self._own():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        processes.reap_adopted(self._own())

    def _own(self) -> set[int]:
        return {running.pid for running in self._running.values()}

    async def _end_all(self) -> None:
        """End every part: first those that use others, all at the same time, then those others."""
        for late in (False, True):
            ending = [running for running in self._running.values() if running.part.used_by_others is late]
            await asyncio.gather(*(running.end(running.part.stop_seconds) for running in ending))
            for running in ending:
                del self._running[running.part.name]
        await self._kill_strays()

    async def _tick(self) -> None:
        """What is done while this loop turns: tell systemd and the file's readers that it does."""
        every = systemd.watchdog_seconds()
        while True:
            if every is not None and self._looks_after_all():
                systemd.notify("WATCHDOG=1")
            self._state.refresh()
            if self._sole and not self._forking.locked():
                processes.reap_adopted(self._own())
            await asyncio.sleep(min(every or CHECK_SECONDS, CHECK_SECONDS))

    def _looks_after_all(self) -> bool:
        """Whether each part that is needed is well or being replaced."""
        return not any(
            self._keepers[part.name].done() for part in self._parts if part.needed and part.name in self._keepers
        )


async def _cancel(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
