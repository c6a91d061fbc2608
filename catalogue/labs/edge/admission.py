"""Which lab a call is for, and whether it may be called now."""

from catalogue.labs.edge import http
from catalogue.labs.edge.rates import Rate
from catalogue.labs.edge.refusing import Refusal, out_of_reach, too_many
from catalogue.labs.edge.routes import Route, Routes
from catalogue.labs.models import Status
from catalogue.observability.prometheus.metrics import limit_hit

MOST_BYTES_OF_HEAD = 10_240


def addressed(scope_path: str, raw_path: bytes | None) -> tuple[bytes, str]:
    """The request's path, byte for byte and without its query, and the lab's id in it; empty where there is none."""
    path = (raw_path or scope_path.encode()).split(b"?", 1)[0]
    return path, path.split(b"/", 3)[2].decode("ascii", "replace") if path.count(b"/") >= 2 else ""


async def admitted(
    routes: Routes, rate: Rate, lab_id: str, headers: http.RawHeaders, raw_path: bytes, query: bytes
) -> Route:
    """The route of a lab that may be called now, which counts for the lab's rate. Raises Refusal."""
    route = await routes.find(lab_id) if 0 < len(lab_id) <= 32 and lab_id.isascii() else None
    if route is None:
        raise Refusal(404, "No such lab", "This address belongs to no lab. Run a pattern to get your own.")
    if route.status == Status.GONE:
        raise Refusal(410, "This lab is gone", route.reason)
    if route.status == Status.FAILED:
        raise Refusal(410, "This lab could not be deployed", route.reason)
    if route.status != Status.READY:
        raise Refusal(503, "Still deploying", "The lab's stack is being created.", Retry_After="1")
    if route.out_of_reach:
        raise out_of_reach()
    wait = await rate.take(lab_id)
    if wait:
        limit_hit("lab_requests_per_second")
        raise too_many("This lab has reached its request rate limit.", wait)
    if http.head_size(headers, raw_path, query) > MOST_BYTES_OF_HEAD:
        raise Refusal(431, "Request Header Fields Too Large", "API Gateway accepts at most 10,240 bytes of headers.")
    return route
