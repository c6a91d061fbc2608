"""Metrics that are read when they are asked for: parts of the site register what they know of database and emulator.

A collector that fails takes nothing else with it: `patterns_collector_failed` says which it was.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

logger = logging.getLogger(__name__)

type Collect = Callable[[], Iterable[Metric]]
KEEP_SECONDS = 2.0
"""Two scrapes at once ask the database once."""
_collectors: dict[str, Collect] = {}


def register(name: str, collect: Collect) -> None:
    """Let `collect` add metrics to every scrape; a name that is there already is replaced."""
    _collectors[name] = collect


class Collected:
    """All registered collectors as one, for a registry; what they gave is kept for a moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[Metric] = []
        self._until = 0.0

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            if time.monotonic() >= self._until:
                self._kept = list(_all())
                self._until = time.monotonic() + KEEP_SECONDS
            yield from self._kept

    def describe(self) -> list[Metric]:
        return []  # or a registry would collect once to find the names


def _all() -> Iterator[Metric]:
    failed = GaugeMetricFamily(
        "patterns_collector_failed", "1 if these metrics could not be read.", labels=["collector"]
    )
    took = GaugeMetricFamily("patterns_collector_seconds", "Seconds that reading them took.", labels=["collector"])
    for name, collect in list(_collectors.items()):
        began = time.monotonic()
        try:
            yield from list(collect())
        except Exception as error:
            failed.add_metric([name], 1)
            logger.warning("The metrics of %s could not be read: %s", name, type(error).__name__)
        else:
            failed.add_metric([name], 0)
        took.add_metric([name], time.monotonic() - began)
    yield failed
    yield took
