"""Commands that send: the mail loop alone, or one pass of it with a progress bar."""

import sys
import threading
import time
from typing import Any

from django.core.management.base import OutputWrapper
from tqdm import tqdm

from catalogue.newsletter.delivery import loop
from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.models import Delivery

_EVERY = 0.5  # seconds between two looks at how much is left


def send(out: OutputWrapper, once: bool, **_: Any) -> None:
    if once:
        with _Watched(loop.stop_by_signal()) as watched:
            tally = sender.send_due(watched.stop)
        out.write(str(tally))
        return

    def say(line: str) -> None:
        out.write(line)
        out.flush()

    loop.run_until_stopped(say)


class _Watched:
    """A bar that moves when the sender asks whether to stop, which it does at every mail."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._left = self._open()
        self._bar = tqdm(total=self._left, unit=" mails", disable=None, file=sys.stderr)
        self._next = time.monotonic() + _EVERY

    def __enter__(self) -> "_Watched":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def stop(self) -> bool:
        if not self._bar.disable and time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY
            self._bar.update(max(0, self._left - self._open() - self._bar.n))
        return self._stop.is_set()

    @staticmethod
    def _open() -> int:
        return Delivery.objects.filter(state__in=Delivery.OPEN).count()
