"""What is known of the request under way, for log lines, metrics and traces: one object per request.

It is held in a `ContextVar`, so that tasks and Django's threads of a request see the same object. Code that learns
something later (the edge: the lab and the trace id) writes it into that object.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class RequestContext:
    request_id: str = ""
    client: str = ""
    """The client's address as logs may show it: see `catalogue.observability.requests.clients`."""
    trace: str = ""
    """The trace id that the labs' edge sent on as X-Amzn-Trace-Id."""
    lab: str = ""


_NOTHING = RequestContext()
_current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def current() -> RequestContext:
    """The context of the request under way. Outside of one: an empty one, which is not to be written to."""
    return _current.get() or _NOTHING


def note(*, lab: str = "", trace: str = "") -> None:
    """Add what the edge knows of the request under way; without effect outside of one."""
    context = _current.get()
    if context is not None:
        context.lab = lab or context.lab
        context.trace = trace or context.trace


@contextmanager
def bound(context: RequestContext) -> Iterator[None]:
    """Log lines inside the block carry this context: a request's, or that of the request that queued a mail."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)
