"""How often something is done for each of many keys, in one process."""

import threading
import time
from collections import OrderedDict

_MOST_KEPT = 1000


class Pace:
    """`due` is True at most once in so many seconds for each key. Safe to use from many threads."""

    def __init__(self) -> None:
        self._next: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def due(self, key: str, seconds: float) -> bool:
        """Whether it is time again; if so, the time starts again."""
        if seconds <= 0:
            return True
        now = time.monotonic()
        with self._lock:
            if now < self._next.get(key, now):
                return False
            self._next[key] = now + seconds
            self._next.move_to_end(key)
            while len(self._next) > _MOST_KEPT:
                self._next.popitem(last=False)
        return True
