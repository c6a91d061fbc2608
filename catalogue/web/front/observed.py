"""What the front of the server tells of itself: refusals and closed connections, by kind."""

from collections import Counter

from catalogue.observability.prometheus import metrics, runtime
from catalogue.web.front.periodic import noted

_handed_over: Counter[str] = Counter()


def sample() -> None:
    """Add what has come since the last time to the metrics. The kinds are those of `refusals.py` and a few more."""
    for kind, count in list(noted.counts.items()):
        fresh = count - _handed_over[kind]
        if fresh:
            _handed_over[kind] = count
            metrics.front_events_total.labels(kind).inc(fresh)


runtime.sample_with(sample)
