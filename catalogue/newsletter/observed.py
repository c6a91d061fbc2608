"""What the newsletter tells of itself: metrics of the queue, and whether the mail loop works."""

import time
from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric

from catalogue.newsletter.delivery.depths import Depths, depths
from catalogue.observability.health import heartbeats, readiness
from catalogue.observability.health.readiness import Finding
from catalogue.observability.prometheus import collectors

_KEEP_SECONDS = 10.0
"""Counting all that was ever sent takes longer the more there is."""
_kept: tuple[float, Depths] | None = None


def mail_loop() -> Finding:
    return heartbeats.finding("mail")


def recent_depths() -> Depths:
    global _kept
    if _kept is None or time.monotonic() > _kept[0]:
        _kept = (time.monotonic() + _KEEP_SECONDS, depths())
    return _kept[1]


def collect() -> Iterable[Metric]:
    found = recent_depths()
    mail = GaugeMetricFamily("patterns_mail", "Mails by state, those of the past included.", labels=["state"])
    for state, count in found.counts.items():
        mail.add_metric([state], count)
    yield mail
    yield GaugeMetricFamily("patterns_mail_due", "Mails that could be sent now.", value=found.due)
    yield GaugeMetricFamily(
        "patterns_mail_oldest_queued_seconds",
        "Age of the oldest mail that is still to be sent.",
        value=found.oldest_seconds,
    )
    yield GaugeMetricFamily(
        "patterns_mail_overdue_seconds", "How long the most overdue mail has been due.", value=found.latest_seconds
    )


readiness.register("mail", mail_loop)
collectors.register("mail", collect)
