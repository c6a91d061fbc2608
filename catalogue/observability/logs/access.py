"""The access log: one line for a request, off by default (ACCESS_LOG).

A line has the method, the path without its query (search terms and the like are the reader's own), the status, the
bytes of the body as sent, the milliseconds until the answer was complete, the kind of route, and the context.
"""

import itertools
import logging

from django.conf import settings

from catalogue.observability.logs.scrub import scrubbed
from catalogue.observability.requests.request_context import RequestContext

logger = logging.getLogger("catalogue.access")
_MOST_PATH = 300
_counter = itertools.count()


def log(context: RequestContext, kind: str, method: str, path: str, status: int, size: int, ms: float) -> None:
    """Write the line if ACCESS_LOG is on. Of answers below 500, one of every ACCESS_LOG_EVERY is written."""
    if not settings.ACCESS_LOG:
        return
    if status < 500 and next(_counter) % settings.ACCESS_LOG_EVERY:
        return
    path = scrubbed(path[:_MOST_PATH])
    fields = {"method": method[:16], "path": path, "status": status, "bytes": size, "ms": round(ms, 2), "kind": kind}
    known = {"request_id": context.request_id, "client": context.client, "trace": context.trace, "lab": context.lab}
    logger.info("%s %s %d %d %.2fms %s", method[:16], path, status, size, ms, kind, extra={"fields": fields, **known})
