"""The three pipes of a Python worker, read without a thread: what it is sent, what it answers, and its log lines.

MiniStack starts a thread for each answer and keeps one for each worker's standard error. With many clients these
threads wait for each other's turn at the interpreter, so that throughput falls as clients come. Here all reading is
non-blocking. Who waits for a worker does so with its own thread (`wait`) or with the event loop (`on_loop`).
"""

import asyncio
import contextlib
import json
import os
import select
import time
from typing import Any, Protocol

from catalogue.labs.embedded.calls.log_lines import LogBuffer

_READ_BYTES = 64 * 1024
_MOST_LINES = 200
"""Lines of standard output before the answer, as MiniStack has it."""
_LOG_PATIENCE_SECONDS = 5.0
"""With a worker that lives and says no end of its log: it has closed its standard error, or does not get to run."""
_LOG_WATCH_SECONDS = 0.005
"""A worker that takes longer may fill its pipe with log lines, which are read from then on."""
DIED = "Worker process died"
"""MiniStack's words for a worker that ended before it answered."""


class Stream(Protocol):
    """What is used of a process's file object."""

    def fileno(self) -> int: ...


class WorkerPipes:
    """Stands in for a worker's `stdin`, `stdout` and `stderr` where MiniStack starts it."""

    def __init__(self, stdin: Stream, stdout: Stream, stderr: Stream) -> None:
        self._streams = stdin, stdout, stderr  # they close the descriptors when they are collected
        self.stdin, self.stdout, self.stderr = stdin.fileno(), stdout.fileno(), stderr.fileno()
        for number in (self.stdin, self.stdout, self.stderr):
            os.set_blocking(number, False)
        self.log = LogBuffer()
        self._lines = bytearray()

    def read_log(self) -> bool:
        """Read what there is of the log; whether that is all of an invocation's (or all that will come)."""
        while not self.log.complete:
            try:
                self.log.feed(os.read(self.stderr, _READ_BYTES))
            except BlockingIOError:
                return False
            except OSError:
                self.log.feed(b"")
        return True

    def read_line(self) -> bytes | None:
        """The next line of standard output; None if it is not there yet, empty at the end."""
        while True:
            line, end, rest = self._lines.partition(b"\n")
            if end:
                self._lines = rest
                return bytes(line + end)
            while True:
                try:
                    chunk = os.read(self.stdout, _READ_BYTES)
                except BlockingIOError:
                    return None
                except OSError:
                    chunk = b""
                self._lines += chunk
                if not chunk:
                    return b""
                if b"\n" in chunk:
                    break


class Handshake:
    """What MiniStack uses of the three streams while it starts a worker: it writes a line, and reads one."""

    def __init__(self, pipes: WorkerPipes) -> None:
        self._pipes = pipes

    def write(self, text: str) -> None:
        wait(Exchange(self._pipes, text.encode(), answered=True), None)

    def flush(self) -> None:
        """`write` has sent it."""

    def readline(self) -> str:
        poller = select.poll()
        poller.register(self._pipes.stdout, select.POLLIN)
        poller.register(self._pipes.stderr, select.POLLIN)
        while (line := self._pipes.read_line()) is None:
            poller.poll()
            if self._pipes.read_log():
                with contextlib.suppress(KeyError):
                    poller.unregister(self._pipes.stderr)
        return line.decode(errors="replace")

    def read(self, _size: int = -1) -> str:
        """Nothing: what the worker wrote is its log."""
        return ""

    def __iter__(self) -> "Handshake":
        return self

    def __next__(self) -> str:
        raise StopIteration  # MiniStack's thread for standard error ends at once


class Exchange:
    """One message to a worker and its answer, without any waiting."""

    def __init__(self, pipes: WorkerPipes, message: bytes, answered: bool = False) -> None:
        self.pipes = pipes
        self.answer: dict[str, Any] | None = {} if answered else None
        self._left = memoryview(message)
        self._lines = 0

    def write(self) -> bool:
        """Send what the pipe takes; whether all is sent."""
        while self._left:
            try:
                self._left = self._left[os.write(self.pipes.stdin, self._left) :]
            except BlockingIOError:
                return False
            except OSError:  # it has ended, which its standard output says
                self._left = memoryview(b"")
        return True

    def read(self) -> bool:
        """Read what there is of the answer; whether it is complete."""
        while self.answer is None:
            line = self.pipes.read_line()
            if line is None:
                return False
            self._lines += 1
            if not line:
                self.answer = {"status": "error", "error": DIED}
            elif (answer := _answer_in(line)) is not None:
                self.answer = answer
            elif self._lines >= _MOST_LINES:
                self.answer = {"status": "error", "error": f"No JSON response from worker after {_MOST_LINES} lines"}
        return True


def _answer_in(line: bytes) -> dict[str, Any] | None:
    """A worker's answer; None for a line that a function has written to standard output."""
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if said.get("status") in ("ok", "error") else None


def wait(exchange: Exchange, seconds: float | None) -> bool:
    """Send, and wait for the answer on this thread; False if it has not come after so many seconds."""
    pipes = exchange.pipes
    deadline = None if seconds is None else time.monotonic() + seconds
    poller = select.poll()
    poller.register(pipes.stdout, select.POLLIN)
    poller.register(pipes.stderr, select.POLLIN)
    if not exchange.write():
        poller.register(pipes.stdin, select.POLLOUT)
    sent = logged = False
    while not (exchange.read() and (sent := sent or exchange.write())):
        left = None if deadline is None else (deadline - time.monotonic()) * 1000
        if left is not None and left <= 0:
            return False
        for number, _ in poller.poll(left):
            if number == pipes.stdin and exchange.write():
                poller.unregister(pipes.stdin)
            elif number == pipes.stderr and not logged and (logged := pipes.read_log()):
                poller.unregister(pipes.stderr)
    return True


def wait_for_log(pipes: WorkerPipes, seconds: float = _LOG_PATIENCE_SECONDS) -> str:
    """All log lines of the invocation that was answered, joined."""
    deadline = time.monotonic() + seconds
    poller = select.poll()
    poller.register(pipes.stderr, select.POLLIN)
    while not pipes.read_log() and (left := deadline - time.monotonic()) > 0:
        poller.poll(left * 1000)
    return pipes.log.take()


async def on_loop(exchange: Exchange, seconds: float) -> bool:
    """Send, and have the event loop wait for the answer; False if it has not come after so many seconds."""
    loop = asyncio.get_running_loop()
    pipes = exchange.pipes
    over: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not over.done():
            over.set_result(None)

    def on_answer() -> None:
        if exchange.read():
            settle()

    def on_log() -> None:
        if pipes.read_log():
            loop.remove_reader(pipes.stderr)

    def on_room() -> None:
        if exchange.write():
            loop.remove_writer(pipes.stdin)

    if not exchange.write():
        loop.add_writer(pipes.stdin, on_room)
    loop.add_reader(pipes.stdout, on_answer)
    watch = loop.call_later(_LOG_WATCH_SECONDS, loop.add_reader, pipes.stderr, on_log)
    limit = loop.call_later(seconds, settle)
    try:
        await over
    finally:
        watch.cancel()
        limit.cancel()
        for number in (pipes.stdout, pipes.stderr):
            loop.remove_reader(number)
        loop.remove_writer(pipes.stdin)
    return exchange.answer is not None
