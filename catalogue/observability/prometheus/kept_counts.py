"""How many kept pages this process has answered, as plain integers: the fast path has no time for more.

`take` hands them over to the metrics, once a second and before a scrape.
"""

import threading
from collections import defaultdict

from catalogue.observability.prometheus.metrics import requests_total
from catalogue.observability.requests.kinds import KEPT

counts: "defaultdict[bytes, int]" = defaultdict(int)
"""By the three digits of the status. Changed by the event loop's thread only."""
_handed_over: dict[bytes, int] = {}
_taking = threading.Lock()


def take() -> None:
    """Add what has come since the last time to the metrics."""
    # The event loop and the thread of a scrape may be here at the same moment, and must not both add the same.
    with _taking:
        for status, count in list(counts.items()):
            fresh = count - _handed_over.get(status, 0)
            if fresh:
                _handed_over[status] = count
                requests_total.labels(KEPT, status.decode()).inc(fresh)
