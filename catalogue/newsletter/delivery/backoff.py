"""What has failed lately. One bad item is logged once, waits ever longer, and holds nothing else up."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError

log = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError)
"""The database itself does not answer, is locked or full: that is no item's fault."""
FIRST_WAIT = 1.0  # seconds
LONGEST_WAIT = 300.0
MOST_ITEMS = 1000
"""How many items are remembered; of more, the one that failed longest ago is forgotten and tried at once."""


@dataclass
class _Setback:
    error: str
    failures: int
    until: float


class Setbacks:
    """Items that failed, by any key. Not shared between processes, and empty after a restart: each is tried again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._items: OrderedDict[Hashable, _Setback] = OrderedDict()

    def __bool__(self) -> bool:
        """Whether anything waits for another try."""
        return bool(self._items)

    def waits(self, item: Hashable) -> bool:
        """Whether the item failed so lately that it is not to be tried now."""
        known = self._items.get(item)
        return known is not None and self._clock() < known.until

    @contextmanager
    def each(self, item: Hashable, what: str) -> Iterator[None]:
        """Do one item's work in this block. What it raises ends here: it is logged, and the item waits.

        The same error again is not logged again. Raises only what says that the database is away.
        """
        try:
            yield
        except AWAY:
            raise
        except Exception as error:
            self.failed(item, what, error)
        else:
            self._items.pop(item, None)

    def failed(self, item: Hashable, what: str, error: Exception) -> None:
        """Remember that an item failed; `what` names it in the log."""
        told = in_words(error)
        known = self._items.get(item)
        failures = 1 if known is None else known.failures + 1
        wait = min(FIRST_WAIT * 2.0 ** min(failures - 1, 20), LONGEST_WAIT)
        if known is None or known.error != told:
            log.error("%s failed and will be retried later: %s", what, told, exc_info=error)
        self._items[item] = _Setback(told, failures, self._clock() + wait)
        self._items.move_to_end(item)
        while len(self._items) > MOST_ITEMS:
            self._items.popitem(last=False)


def in_words(error: Exception) -> str:
    """An exception as one line that fits a column: its type and what it says."""
    return f"{type(error).__name__}: {error}".replace("\0", "").encode("utf-8", "replace").decode()[:1000]
