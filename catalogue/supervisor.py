"""Keeps a tree of processes running: starts them in order, restarts one that dies, and leaves none behind.

A `Part` is ready when its `ready` check says so or, without one, when it has written its first line. Each
leads a process group of its own, so that stopping it reaches its workers too; the kernel sends it SIGTERM if
the supervisor itself is killed.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
START_SECONDS = 30.0
STOP_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 5.0

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class PartFailedError(Exception):
    """A part ended or stayed silent before it was ready."""


@dataclass(frozen=True)
class Part:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], Awaitable[bool]] | None = None
    needed: bool = True
    """Whether the tree is up only once this is; the others are started after those."""
    once: bool = False
    """Whether it is a piece of work that ends, and is not started again."""


class Supervisor:
    """Runs parts until `stop` is called; `run` returns once every process is gone.

    The needed ones start together, the others one after the other.
    """

    def __init__(self, parts: Sequence[Part], on_ready: Callable[[], None]) -> None:
        self._parts = parts
        self._on_ready = on_ready
        self._stopping = asyncio.Event()
        self._processes: dict[str, asyncio.subprocess.Process] = {}

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Raises `PartFailedError` if a part cannot be started the first time."""
        keepers: list[asyncio.Task[None]] = []
        try:
            starting = [asyncio.create_task(self._start(part)) for part in self._parts if part.needed]
            try:
                await asyncio.gather(*starting)
            finally:
                for start in starting:
                    start.cancel()
            if self._stopping.is_set():
                return
            keepers += [asyncio.create_task(self._keep(part)) for part in self._parts if part.needed]
            self._on_ready()
            for part in self._parts:
                if not part.needed and not self._stopping.is_set():
                    await self._start_if_possible(part)
                    keepers.append(asyncio.create_task(self._watch(part) if part.once else self._keep(part)))
            await self._stopping.wait()
        finally:
            self._stopping.set()
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            # The last started stops first: visitors are let go while the emulator still answers.
            for name in reversed(list(self._processes)):
                await self._end(self._processes[name])

    async def _start(self, part: Part) -> None:
        process = await asyncio.create_subprocess_exec(
            *part.command,
            env={**os.environ, **part.environment},
            stdout=asyncio.subprocess.PIPE,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        self._processes[part.name] = process
        spoke = asyncio.Event()
        _keep_reference(asyncio.create_task(_forward(process, part.name, spoke)))
        deadline = time.monotonic() + START_SECONDS
        while not self._stopping.is_set() and not part.once:
            if process.returncode is not None:
                raise PartFailedError(f"{part.name} ended with exit code {process.returncode} while starting.")
            if await part.ready() if part.ready else spoke.is_set():
                return
            if time.monotonic() > deadline:
                raise PartFailedError(f"{part.name} was not ready after {START_SECONDS:.0f} seconds.")
            await asyncio.sleep(0.05)

    async def _keep(self, part: Part) -> None:
        pause = 0.1
        while True:
            code = await self._processes[part.name].wait()
            started = time.monotonic()
            _signal_group(self._processes[part.name], signal.SIGKILL)
            logger.warning("%s ended with exit code %s: starting it again", part.name, code)
            if await self._start_if_possible(part):
                pause = 0.1
            if time.monotonic() - started < 1:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _start_if_possible(self, part: Part) -> bool:
        try:
            await self._start(part)
        except PartFailedError as failure:
            logger.error("%s", failure)
            await self._end(self._processes[part.name])
            return False
        return True

    async def _watch(self, part: Part) -> None:
        code = await self._processes[part.name].wait()
        if code:
            logger.warning("%s ended with exit code %s", part.name, code)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            _signal_group(process, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
        _signal_group(process, signal.SIGKILL)
        await process.wait()


def _die_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal_group(process: asyncio.subprocess.Process, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


async def _forward(process: asyncio.subprocess.Process, name: str, spoke: asyncio.Event) -> None:
    """Pass a part's own output on, except the first line, which only says that it is ready."""
    assert process.stdout is not None
    async for line in process.stdout:
        if spoke.is_set():
            sys.stderr.write(f"{name}: {line.decode(errors='replace')}")
        spoke.set()


_tasks: set[asyncio.Task[None]] = set()


def _keep_reference(task: asyncio.Task[None]) -> None:
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
