"""The outermost layer of the ASGI application: it names each request, times it, counts it and logs it.

Kept pages that `catalogue.pages.serving.protocol` answers never come here. `/healthz` ends here, so that it says if the
the event loop runs and waits for nothing else.
"""

import logging
import time
from collections.abc import Iterable
from typing import Any, cast

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    HTTPScope,
    Scope,
    WebSocketScope,
)

from catalogue.observability.exporters import tracing
from catalogue.observability.health import liveness as health
from catalogue.observability.logs import access
from catalogue.observability.prometheus import metrics, runtime
from catalogue.observability.requests import clients, request_ids
from catalogue.observability.requests.kinds import kind_of
from catalogue.observability.requests.request_context import RequestContext, bound

logger = logging.getLogger(__name__)
_under_way = 0
_CLIENT_GONE = 499
"""Counted where a client went away before its answer began, as nginx does."""


def _sample() -> None:
    metrics.requests_under_way.set(_under_way)


runtime.sample_with(_sample)


def context_of_request(peer: tuple[str, int] | None, headers: Iterable[tuple[bytes, bytes]]) -> RequestContext:
    """The context of a request: its id is the trusted proxy's if that is well formed, else a new one.

    `peer` is the address of the connection; the names of `headers` are in lower case.
    """
    request_id = None
    if clients.from_trusted_proxy(peer):
        for name, value in headers:
            if name == request_ids.HEADER:
                request_id = request_ids.accepted(value)
    client = clients.shown(clients.address_of(peer, headers))
    return RequestContext(request_id or request_ids.fresh(), client)


def observed(app: ASGI3Application) -> ASGI3Application:
    """Wrap the whole application."""

    async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "http":
            await _observe(app, scope, receive, send)
        elif scope["type"] == "lifespan":
            async with runtime.sampled():
                await app(scope, receive, send)
        else:
            await _observe_socket(app, scope, receive, send)

    return application


async def _observe_socket(
    app: ASGI3Application, scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Name and count a WebSocket's handshake, when it is answered; what follows is no request."""
    began = time.perf_counter()
    context = context_of_request(scope["client"], scope["headers"])
    kind = kind_of(scope["path"])
    header = (request_ids.HEADER, context.request_id.encode())

    async def named(message: ASGISendEvent) -> None:
        if message["type"] in ("websocket.accept", "websocket.http.response.start"):
            answer = cast("dict[str, Any]", message)
            status = answer.get("status", 101)
            seconds = time.perf_counter() - began
            metrics.request_answered(kind, status, seconds)
            access.log(context, kind, "GET", scope["path"], status, 0, seconds * 1000)
            message = cast("ASGISendEvent", {**answer, "headers": [*answer.get("headers", ()), header]})
        await send(message)

    with bound(context):
        await app(scope, receive, named)


async def _observe(
    app: ASGI3Application, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    global _under_way
    began = time.perf_counter()
    context = context_of_request(scope["client"], scope["headers"])
    kind = kind_of(scope["path"])
    header = (request_ids.HEADER, context.request_id.encode())
    status, size, answered = 0, 0, 0.0

    async def named(message: ASGISendEvent) -> None:
        nonlocal status, size, answered
        if message["type"] == "http.response.start":
            status, answered = message["status"], time.perf_counter()
            message = {**message, "headers": [*message["headers"], header]}
        elif message["type"] == "http.response.body":
            size += len(message.get("body", b""))
        await send(message)

    _under_way += 1
    with bound(context), tracing.request(scope, kind) as span:
        try:
            if scope["path"] == "/healthz":
                await health.answer(scope, named)
            else:
                await app(scope, receive, named)
        except Exception:
            logger.exception("A request could not be answered")
            if status:
                raise  # its answer has begun: the server can only close the connection
            await health.send_problem(named, 500, "Internal Server Error", context.request_id)
        finally:
            _under_way -= 1
            ended = time.perf_counter()
            metrics.request_answered(kind, status or _CLIENT_GONE, (answered or ended) - began)
            span.status(status or _CLIENT_GONE)
            access.log(
                context, kind, scope["method"], scope["path"], status or _CLIENT_GONE, size, (ended - began) * 1000
            )
