"""One process of a part, from its start to its end."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from typing import Self

from catalogue.processes import copies, heartbeat
from catalogue.processes.kernel import die_with_parent, kill_group, started_at
from catalogue.processes.supervisor.output import Output
from catalogue.processes.supervisor.parts import START_SECONDS, Part, PartFailedError

CHECK_SECONDS = 1.0
LONGEST_ASK_SECONDS = 5.0


class _Child(asyncio.SubprocessProtocol):
    """What asyncio reports of the process.

    `asyncio.subprocess.Process.wait` is no use here: it waits until the output has ended, too, and so for every
    process that a dead part has left with it.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self.exited = asyncio.Event()
        self.closed = asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._output.feed(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._output.finish()
        self.closed.set()

    def process_exited(self) -> None:
        self.exited.set()


class Running:
    """A started process and its sign of life. Made by `start`."""

    def __init__(
        self, part: Part, transport: asyncio.SubprocessTransport, child: _Child, output: Output, beats: int | None
    ) -> None:
        self.part = part
        self.pid = transport.get_pid()
        self.since = time.time()
        self.ticks = started_at(self.pid)
        self._transport = transport
        self._child = child
        self._output = output
        self._beats = beats

    @property
    def code(self) -> int | None:
        """Its exit code, as asyncio gives it (negative: killed by that signal); None while it runs."""
        return self._transport.get_returncode()

    @property
    def asked_for_restart(self) -> bool:
        """Whether it has ended with the code by which it asks to be started afresh."""
        return self.code is not None and self.code == self.part.restart_code

    @classmethod
    async def start(cls, part: Part) -> Self:
        """Raises PartFailedError if it cannot even be executed."""
        supervisor = os.getpid()

        def begin() -> None:
            die_with_parent()
            if os.getppid() != supervisor:  # it has ended in between
                os._exit(1)
            if copied and part.work is not None:
                copies.run_copy(part.work, part.command, environment, inherited)

        copied = part.work is not None and copies.can_copy()
        hidden = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")  # systemd's, for the supervisor alone
        environment = {name: value for name, value in os.environ.items() if name not in hidden} | dict(part.environment)
        ours, theirs = os.pipe() if part.beats else (None, None)
        if ours is not None:
            os.set_blocking(ours, False)
            environment[heartbeat.VARIABLE] = str(theirs)
        inherited = (*part.pass_fds, *(() if theirs is None else (theirs,)))
        output = Output(part.name)
        try:
            transport, child = await asyncio.get_running_loop().subprocess_exec(
                lambda: _Child(output),
                *part.command,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=None,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=begin,
                pass_fds=inherited,
            )
        except OSError as error:
            if ours is not None:
                os.close(ours)
            raise PartFailedError(f"{part.name} could not be started: {error}.") from None
        finally:
            if theirs is not None:
                os.close(theirs)
        return cls(part, transport, child, output, ours)

    async def until_ready(self, stopping: asyncio.Event) -> None:
        """Raises PartFailedError if it ends first, or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not stopping.is_set() and not self.part.once:
            if self.code is not None:
                await self._until_read()
                reason = f": {self._output.said}" if self._output.said else "."
                raise PartFailedError(f"{self.part.name} {how(self.code)} while starting{reason}")
            if await self._is_ready():
                return
            if time.monotonic() > deadline:
                raise PartFailedError(f"{self.part.name} was not ready after {START_SECONDS:.0f} seconds.")
            await asyncio.sleep(0.05)

    async def _is_ready(self) -> bool:
        if self.part.beats:
            return self._has_beaten()
        if self._output.said is None:
            return False
        return self.part.answers is None or await self.part.answers(self._ask_seconds)

    async def until_over(self) -> str:
        """Wait until it has ended or hangs; returns which, in words. One that hangs has not been killed yet.

        What counts is the time during which it was looked at: a supervisor that was itself suspended, with the whole
        machine perhaps, has seen no silence.
        """
        most_a_round = 2 * CHECK_SECONDS + (self._ask_seconds if self.part.answers else 0)
        silence = 0.0
        then = time.monotonic()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._child.exited.wait(), CHECK_SECONDS)
            if self.code is not None:
                return how(self.code)
            if await self._shows_life():
                silence, then = 0.0, time.monotonic()
                continue
            now = time.monotonic()
            silence += min(now - then, most_a_round)
            then = now
            if silence >= self.part.patience and self.code is None:
                return f"showed no sign of life for {silence:.0f} s and was killed"

    async def end(self, seconds: float) -> None:
        """SIGTERM, so many seconds, SIGKILL; to the whole group."""
        if self.code is None:
            kill_group(self.pid, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._child.exited.wait(), seconds)
        await self.kill()

    async def kill(self) -> None:
        """End the whole group at once, and read what it has still written."""
        kill_group(self.pid)
        await self._child.exited.wait()
        await self._until_read()
        self._transport.close()
        if self._beats is not None:
            os.close(self._beats)
            self._beats = None

    async def _until_read(self) -> None:
        """Wait until the output has ended. A process that has left the group may still hold it: not for long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._child.closed.wait(), 0.5)

    async def _shows_life(self) -> bool:
        if self.part.answers is not None:
            return await self.part.answers(self._ask_seconds)
        return self._has_beaten() if self.part.beats else True

    @property
    def _ask_seconds(self) -> float:
        """So that a part is asked several times before it is given up."""
        return min(LONGEST_ASK_SECONDS, self.part.patience / 3)

    def _has_beaten(self) -> bool:
        """Whether it has sent a heartbeat since this was last asked."""
        beaten = False
        with contextlib.suppress(BlockingIOError):
            while self._beats is not None and os.read(self._beats, 4096):
                beaten = True
        return beaten


def how(code: int) -> str:
    """How a process ended, in words; a negative code is a signal's."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
