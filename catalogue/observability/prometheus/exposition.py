"""The text of `/metrics`: all processes of this machine, and what the registered collectors read."""

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from catalogue.observability.prometheus import kept_counts, metric_files
from catalogue.observability.prometheus.collectors import Collected
from catalogue.observability.prometheus.metrics import REGISTRY

_collected = Collected()


def text() -> bytes:
    """Prometheus's text format, version 0.0.4."""
    return generate_latest(gathered())


def gathered() -> CollectorRegistry:
    """A registry for one reading."""
    kept_counts.take()
    whole = CollectorRegistry()
    folder = os.environ.get(metric_files.VARIABLE)
    if folder and Path(folder).is_dir():
        metric_files.fold_dead(Path(folder))
        MultiProcessCollector(whole, folder)  # type: ignore[no-untyped-call]
    else:
        whole.register(REGISTRY)
    whole.register(_collected)
    return whole
