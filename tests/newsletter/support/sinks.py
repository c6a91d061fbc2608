"""A mail server that counts what it takes: aiosmtpd, in the test's own process, so that no sender's death ends it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller

from tests.support.site import free_port


class CountingSink:
    """Mails by recipient. A mail counts once its last byte has come, as it would with a real server."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.last: bytes = b""
        self._changed = threading.Condition()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        with self._changed:
            self.taken.update(envelope.rcpt_tos)
            self.last = envelope.content
            self._changed.notify_all()
        return "250 OK"

    @property
    def total(self) -> int:
        return self.taken.total()

    def wait_for(self, count: int, alive: Callable[[], bool], seconds: float = 60) -> bool:
        """Wait until so many mails have come; False if the sender ended before."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self.total < count:
                if not alive():
                    return False
                assert time.monotonic() < deadline, f"{self.total} mails, not {count}, after {seconds} s"
                self._changed.wait(0.05)
        return True


@contextmanager
def counting_sink() -> Iterator[tuple[CountingSink, int]]:
    """The sink and its port."""
    sink = CountingSink()
    port = free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield sink, port
    finally:
        controller.stop()
