"""Starts functions' workers as copies of a process that has imported boto3 already (`zygote`), on Linux.

Where that process cannot be used, a worker is started as the emulator does it, as a Python of its own.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

from catalogue.labs.embedded.confinement.network import Network
from catalogue.labs.embedded.workers import zygote
from catalogue.labs.embedded.workers.worker_pipes import Handshake, WorkerPipes

PYTHON_SCRIPT = "_worker.py"
WORKER_SCRIPTS = (PYTHON_SCRIPT, "_worker.js")
TMP_MB = 512
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html"""
ANSWER_SECONDS = 10.0
FIRST_ANSWER_SECONDS = 30.0
"""The zygote answers in milliseconds, once it has imported what it shares."""
NEXT_ZYGOTE_SECONDS = 10.0


class NotStarted(Exception):
    """The zygote has ended, or could make no copy."""


class Worker:
    """A copy of the zygote: what the emulator uses of a `subprocess.Popen` with pipes of text."""

    def __init__(self, pid: int, pidfd: int, stdin: int, stdout: int, stderr: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        """As of a Popen; 0 if its parent, another process than this one, has been told how it ended."""
        self._pidfd = pidfd
        weakref.finalize(self, os.close, pidfd)
        self.stdin = os.fdopen(stdin, "w", buffering=1, encoding="utf-8")
        self.stdout = os.fdopen(stdout, encoding="utf-8")
        self.stderr = os.fdopen(stderr, encoding="utf-8")

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"worker {self.pid}", timeout or 0)
        return code

    def terminate(self) -> None:
        self._send(signal.SIGKILL)  # the first process of a namespace takes no other; a handler has nothing to tidy

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None:
            poller = select.poll()
            poller.register(self._pidfd, select.POLLIN)
            if poller.poll(None if seconds is None else seconds * 1000):
                self.returncode = 0
                with contextlib.suppress(ChildProcessError):
                    ended = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
                    if ended is not None:
                        self.returncode = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        return self.returncode

    def _send(self, signum: signal.Signals) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._pidfd, signum)


class Starts(Protocol):
    """What starts workers: a zygote, or one that is replaced when it ends."""

    def start(self, command: Sequence[str], folder: str, environment: Mapping[str, str]) -> Worker: ...


class Zygote:
    """The process, and the socket on which it is asked for workers."""

    def __init__(self, cell: Callable[[Sequence[str], Mapping[str, str]], dict[str, Any]] | None = None) -> None:
        """`cell` says what a worker is shut in with (see cell.py); without it, it is not."""
        self._cell = cell
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(FIRST_ANSWER_SECONDS)
        self._turn = threading.Lock()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603  (our own interpreter and file)
                [sys.executable, "-I", zygote.__file__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def start(self, command: Sequence[str], folder: str, environment: Mapping[str, str]) -> Worker:
        """A worker that runs the command in the folder, with this environment alone. Raises NotStarted."""
        asked = {
            "command": list(command),
            "folder": folder,
            "environment": dict(environment),
            "cell": self._cell and self._cell(command, environment),
        }
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        ours_error, theirs_error = os.pipe()
        theirs, ours = [theirs_in, theirs_out, theirs_error], [ours_in, ours_out, ours_error]
        try:
            pid, pidfd = self._ask(json.dumps(asked).encode(), theirs)
        except NotStarted:
            for number in ours:
                os.close(number)
            raise
        finally:
            for number in theirs:
                os.close(number)
        return Worker(pid, pidfd, *ours)

    def _ask(self, message: bytes, streams: list[int]) -> tuple[int, int]:
        answer, descriptors = self._exchange(message, streams)
        if not descriptors:
            raise NotStarted(answer.decode())
        return json.loads(answer)["pid"], descriptors[0]

    def _exchange(self, message: bytes, streams: list[int]) -> tuple[bytes, list[int]]:
        """One question and its answer. Raises NotStarted."""
        with self._turn:
            try:
                socket.send_fds(self._control, [message], streams)
                answer, descriptors, _, _ = socket.recv_fds(self._control, 4096, 1)
                self._control.settimeout(ANSWER_SECONDS)
            except OSError as error:
                self._control.close()  # an answer that comes late would be taken for that to the next
                raise NotStarted(str(error)) from error
        if not answer:
            raise NotStarted("The zygote has ended.")
        return answer, descriptors

    def ping(self) -> None:
        """Raises NotStarted if it does not answer."""
        self._exchange(b"{}", [])

    def discard(self) -> None:
        """End it at once, whatever it does; its workers go on."""
        self._control.close()
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it; its workers go on."""
        self._control.close()
        self.process.wait(5)


def shut_in(network: Network | None, folder: Path) -> Callable[[], Zygote]:
    """Makes zygotes. With a network, they and their workers are in there, each worker shut in by itself."""
    if network is None:
        return Zygote
    inside = network
    return lambda: inside.start(lambda: Zygote(partial(cell_of, folder)))


def cell_of(folder: Path, command: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """What the worker of a function gets: its own files of the emulator's folder, and bounds."""
    return {
        "hidden": str(folder),
        "shown": str(Path(command[-1]).parent),
        "tmp_mb": TMP_MB,
        "memory_mb": int(environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") or 128),
    }


def install(source: Starts | None, only: bool = False) -> None:
    """Patch the imported emulator. With `only`, no worker is started but by the zygote."""
    from ministack.core import lambda_runtime

    starting: Any = SimpleNamespace(**vars(subprocess))
    start = subprocess.Popen if source is None else worker_starter(source, subprocess.Popen, only)
    starting.Popen = with_pipes(start)
    lambda_runtime.subprocess = starting


def with_pipes(start: Callable[..., Any]) -> Callable[..., Any]:
    """The same, but the streams of a Python worker are read without threads (`worker_pipes`)."""

    def start_with_pipes(command: Sequence[str], **options: Any) -> Any:
        process = start(command, **options)
        if Path(command[-1]).name == PYTHON_SCRIPT:
            process.pipes = WorkerPipes(process.stdin, process.stdout, process.stderr)
            process.stdin = process.stdout = process.stderr = Handshake(process.pipes)
        return process

    return start_with_pipes


def worker_starter(source: Starts, otherwise: Callable[..., Any], only: bool = False) -> Callable[..., Any]:
    """The emulator's `subprocess.Popen`: functions' workers come from the zygote, all else is started `otherwise`.

    With `only`, a worker waits for the next zygote if this one has ended.
    """

    def start(command: Sequence[str], **options: Any) -> Any:
        if len(command) != 2 or Path(command[1]).name not in WORKER_SCRIPTS:
            return otherwise(command, **options)
        if not only:
            try:
                if command[0] == sys.executable:
                    return source.start(command, options["cwd"], options["env"])
            except NotStarted:
                pass
            return otherwise(command, **options)
        environment = {**options["env"], "TMPDIR": "/tmp", "HOME": "/tmp"}  # noqa: S108
        deadline = time.monotonic() + NEXT_ZYGOTE_SECONDS
        while True:
            try:
                return source.start(command, options["cwd"], environment)
            except NotStarted:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.1)

    return start
