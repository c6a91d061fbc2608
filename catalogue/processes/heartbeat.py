"""A process's sign of life to the supervisor that started it: one byte into a pipe, sent from where the work is done.

Code that loops calls `beat` each round, and code that waits uses `wait`. A loop whose steps may wait for another
machine calls `allow` once. A process that the supervisor did not start has no pipe, and all three do nothing more.
See `catalogue.processes.supervisor`.
"""

import os
import stat
import threading
import time
from contextlib import suppress

VARIABLE = "HEARTBEAT_FD"
_LEAST_SECONDS = 0.1
"""Between two bytes: a loop may beat as often as it likes."""
_ALLOWED_EVERY_SECONDS = 0.5
"""Between two bytes during a step that may be long."""


class _Pipe:
    def __init__(self) -> None:
        self._number: int | None = None
        self._last = self._next = 0.0
        # Taken out of the environment: a child process would inherit the number, but not the pipe.
        given = os.environ.pop(VARIABLE, "")
        if given.isdigit():
            with suppress(OSError):
                if stat.S_ISFIFO(os.fstat(int(given)).st_mode):
                    os.set_inheritable(int(given), False)
                    os.set_blocking(int(given), False)
                    self._number = int(given)

    def beat(self) -> None:
        if self._number is None or threading.current_thread() is not threading.main_thread():
            return
        self._last = now = time.monotonic()
        if now >= self._next:
            self._next = now + _LEAST_SECONDS
            self._send(self._number)

    def allow(self, seconds: float) -> None:
        if self._number is not None:
            threading.Thread(
                target=self._send_while_allowed, args=(self._number, seconds), name="heartbeat", daemon=True
            ).start()

    def _send_while_allowed(self, number: int, seconds: float) -> None:
        while True:
            time.sleep(_ALLOWED_EVERY_SECONDS)
            if time.monotonic() - self._last < seconds:
                self._send(number)

    @staticmethod
    def _send(number: int) -> None:
        with suppress(OSError):  # full, because the supervisor is stopped; or the supervisor is gone
            os.write(number, b".")


_pipe = _Pipe()


def take_up() -> None:
    """Read the variable again: this process is a copy of the supervisor, which has read its own environment."""
    global _pipe
    _pipe = _Pipe()


def beat() -> None:
    """Tell the supervisor that this process is at work. Cheap; never blocks or fails.

    Only the main thread's calls count: others may go on while it hangs.
    """
    _pipe.beat()


def allow(seconds: float) -> None:
    """Let a step of the main thread take so many seconds from one `beat` to the next.

    A thread sends the signs of life meanwhile. So the supervisor need not wait so long for a process that is stopped,
    and one whose step never ends is still found.
    """
    _pipe.allow(seconds)


def wait(event: threading.Event, seconds: float) -> bool:
    """As `event.wait(seconds)`, with a beat each second."""
    deadline = time.monotonic() + seconds
    while True:
        beat()
        left = deadline - time.monotonic()
        if event.wait(max(0.0, min(1.0, left))):
            return True
        if left <= 1.0:
            return False
