"""Counts warnings and errors that are logged, so that an alert can be made of them."""

import logging
import sys


class Counted(logging.Handler):
    """Writes nothing. Processes that serve or work count; commands do not load the metrics for this."""

    def emit(self, record: logging.LogRecord) -> None:
        metrics = sys.modules.get("catalogue.observability.prometheus.metrics")
        total = getattr(metrics, "log_records_total", None)
        if total is not None:
            total.labels(record.levelname.lower() if record.levelno in (30, 40, 50) else "other").inc()
