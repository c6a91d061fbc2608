"""Log lines about strangers' requests: one a minute for each kind, however many requests there are."""

import logging
import time
from collections import Counter
from collections.abc import Callable

logger = logging.getLogger("catalogue.web.front")

PERIOD = 60.0
"""Seconds between two lines of one kind."""


class PeriodicLog:
    """Counts events by kind, and logs the first of each kind in a period with the number since the line before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, period: float = PERIOD) -> None:
        self.counts: Counter[str] = Counter()
        """All events since the start, by kind."""
        self._clock = clock
        self._period = period
        self._logged: dict[str, tuple[float, int]] = {}

    def note(self, kind: str, detail: str) -> None:
        """Count an event; `detail` must hold nothing that a client wrote."""
        self.counts[kind] += 1
        now, total = self._clock(), self.counts[kind]
        at, before = self._logged.get(kind, (now - self._period, 0))
        if now - at < self._period:
            return
        self._logged[kind] = (now, total)
        logger.warning("%s: %s (%d since the last such line)", kind, detail, total - before)


noted = PeriodicLog()
"""The one of this process."""
