"""A zygote that is watched, and replaced when it ends or hangs. Until the new one answers, workers start without it."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from catalogue.labs.embedded.workers.worker_start import NotStarted, Worker, Zygote

CHECK_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0


class KeptZygote:
    """Starts workers as `Zygote` does. `say` gets one line for each zygote that was replaced."""

    def __init__(self, say: Callable[[str], object], make: Callable[[], Zygote] = Zygote) -> None:
        self._say = say
        self._make = make
        self._zygote = make()
        self._ended = threading.Event()
        # The kernel ends a zygote with the thread that started it, so this thread lives as long as the process.
        threading.Thread(target=self._keep, daemon=True, name="zygote-keeper").start()

    @property
    def pid(self) -> int:
        return self._zygote.process.pid

    def start(self, command: Sequence[str], folder: str, environment: Mapping[str, str]) -> Worker:
        """Raises NotStarted."""
        return self._zygote.start(command, folder, environment)

    def stop(self) -> None:
        """End it for good; its workers go on."""
        self._ended.set()
        self._zygote.discard()

    def _keep(self) -> None:
        pause = 0.0
        while True:
            started = time.monotonic()
            cause = self._until_over(self._zygote)
            if cause is None:
                return
            lost = time.monotonic()
            if lost - started >= STEADY_SECONDS:
                pause = 0.0
            if self._ended.wait(pause):
                return
            pause = min(max(1.0, pause * 2), LONGEST_PAUSE_SECONDS)
            self._zygote = self._make()
            took = time.monotonic() - lost
            self._say(f"The process that workers are copies of {cause}; another was started after {took:.1f} s.")

    def _until_over(self, zygote: Zygote) -> str | None:
        """Wait until it has ended or hangs, and end it then; returns the cause, or None after `stop`."""
        while True:
            seconds, hangs = CHECK_SECONDS, False
            try:
                zygote.ping()
            except NotStarted:
                seconds, hangs = 1.0, True  # or it has just ended
            try:
                code = zygote.process.wait(seconds)
                cause = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            except subprocess.TimeoutExpired:
                if not hangs:
                    continue
                cause = "did not answer and was killed"
            if self._ended.is_set():
                return None
            zygote.discard()
            return cause


def begin(say: Callable[[str], object], make: Callable[[], Zygote] = Zygote) -> KeptZygote | None:
    """It will be ready in a moment; None where copies cannot be told apart from other processes."""
    return KeptZygote(say, make) if sys.platform == "linux" else None
