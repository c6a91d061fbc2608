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
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from catalogue.labs.embedded import zygote

WORKER_SCRIPT = "_worker.py"
ANSWER_SECONDS = 10.0
"""The zygote answers in milliseconds, once it has imported what it shares."""


class NotStarted(Exception):
    """The zygote has ended, or could make no copy."""


class Worker:
    """A copy of the zygote: what the emulator uses of a `subprocess.Popen` with pipes of text."""

    def __init__(self, pid: int, pidfd: int, stdin: int, stdout: int, stderr: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        """0 once it has ended, however it did: more is known to its parent only, and nobody asks."""
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
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None:
            poller = select.poll()
            poller.register(self._pidfd, select.POLLIN)
            if poller.poll(None if seconds is None else seconds * 1000):
                self.returncode = 0
                with contextlib.suppress(ChildProcessError):  # the zygote's, or this process's if that is gone
                    os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
        return self.returncode

    def _send(self, signum: signal.Signals) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._pidfd, signum)


class Zygote:
    """The process, and the socket on which it is asked for workers."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(ANSWER_SECONDS)
        self._turn = threading.Lock()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603  (our own interpreter and file)
                [sys.executable, "-I", zygote.__file__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def start(self, script: str, folder: str, environment: Mapping[str, str]) -> Worker:
        """A worker that runs the script in the folder, with this environment alone. Raises NotStarted."""
        asked = {"script": script, "folder": folder, "environment": dict(environment)}
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
        with self._turn:
            try:
                socket.send_fds(self._control, [message], streams)
                answer, descriptors, _, _ = socket.recv_fds(self._control, 4096, 1)
            except OSError as error:
                self._control.close()  # an answer that comes late would be taken for that to the next
                raise NotStarted(str(error)) from error
        if not descriptors:
            raise NotStarted(answer.decode() or "The zygote has ended.")
        return json.loads(answer)["pid"], descriptors[0]

    def stop(self) -> None:
        """End it; its workers go on."""
        self._control.close()
        self.process.wait(5)


def begin() -> Zygote | None:
    """The zygote, which will be ready in a moment; None where copies cannot be told apart from other processes."""
    return Zygote() if sys.platform == "linux" else None


def install(source: Zygote | None) -> None:
    """Patch the imported emulator."""
    if source is None:
        return
    from ministack.core import lambda_runtime

    starting: Any = SimpleNamespace(**vars(subprocess))
    starting.Popen = worker_starter(source, subprocess.Popen)
    lambda_runtime.subprocess = starting


def worker_starter(source: Zygote, otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """The emulator's `subprocess.Popen`: functions in Python come from the zygote, all else is started `otherwise`."""

    def start(command: Sequence[str], **options: Any) -> Any:
        if len(command) == 2 and command[0] == sys.executable and Path(command[1]).name == WORKER_SCRIPT:
            try:
                return source.start(command[1], options["cwd"], options["env"])
            except NotStarted:
                pass
        return otherwise(command, **options)

    return start
