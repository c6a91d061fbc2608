"""The labs' endpoints: `/live/<lab id>/<path>` is passed on to the lab's own API, and to nothing else.

Presigned requests to the lab's own buckets are the exception (`presigned.py`).

A lean ASGI application: no session, no query per request. It keeps API Gateway's limits (10 MB in, headers of 10,240
bytes, 29 s;
https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html), Lambda's (6 MB out;
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html) and the site's own rate.

Browsers on any origin may call a lab, without credentials: the edge answers their preflight requests itself,
and adds `Access-Control-Allow-Origin: *` where the lab names no origin. WebSockets go through `sockets/`.
"""

import asyncio
import contextlib
import itertools
import sys
import time
import weakref
from collections.abc import AsyncIterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import yarl
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope
from multidict import CIMultiDict

from catalogue.base.backends import faults
from catalogue.labs.edge import http, presigned
from catalogue.labs.edge.admission import addressed, admitted
from catalogue.labs.edge.rates import rate
from catalogue.labs.edge.recorder import Call, Recorder
from catalogue.labs.edge.refusing import (
    Refusal,
    answer_of,
    out_of_reach,
    sending_too_much,
    storage_away,
    too_large,
    too_many,
)
from catalogue.labs.edge.routes import Route, Routes
from catalogue.labs.edge.sockets.places import Places
from catalogue.labs.edge.sockets.relay import relay
from catalogue.labs.lifecycle.services import mark_lost_by_id
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.services.registry import lab_services
from catalogue.labs.targets import places, target_at
from catalogue.labs.targets.base import TargetDown
from catalogue.labs.watching.reader import running_reader
from catalogue.observability.exporters import tracing
from catalogue.observability.prometheus.metrics import limit_hit
from catalogue.observability.requests import request_context
from catalogue.web.front import descriptors
from catalogue.web.front.bodies import BodyBudget
from catalogue.web.front.limits import Limits
from catalogue.web.security_headers import outside_django

if TYPE_CHECKING:
    # Loading it takes as long as half of Django: that is for the first call, or while no one waits.
    import aiohttp

MOST_BYTES_IN = 10 * 1024 * 1024
MOST_BYTES_OUT = 6 * 1024 * 1024
LONGEST_SECONDS = 29.0

_SWITCH_SECONDS = 0.0005
"""How long a thread that works in the database may keep the interpreter while a request waits (Python: 5 ms)."""
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


_SMALL_ANSWER = 64 * 1024
"""Bytes that count for nothing: the transport holds as many of any answer."""


class Edge:
    """What the edge keeps for one event loop: connections, known routes, calls to be recorded."""

    def __init__(self) -> None:
        self.routes = Routes()
        self.rate = rate()
        self.answers = BodyBudget(Limits.of_settings().live_bodies)
        self.recorder = Recorder(running_reader())
        self.recorder.start()
        self.places = Places(descriptors.shares().sockets)

    @cached_property
    def session(self) -> "aiohttp.ClientSession":
        import aiohttp

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=descriptors.shares().upstream, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            trust_env=False,
        )

    @cached_property
    def socket_session(self) -> "aiohttp.ClientSession":
        """For WebSockets, which keep a connection each: their places bound it, and requests keep their own."""
        import aiohttp

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent",),
            trust_env=False,
        )

    async def close(self) -> None:
        if "socket_session" in vars(self):
            await self.socket_session.close()
        await self.recorder.stop()
        await self.rate.close()
        if "session" in vars(self):
            await self.session.close()


_edges: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Edge]" = weakref.WeakKeyDictionary()


def running_edge() -> Edge:
    """The edge of the running event loop, made when first needed."""
    loop = asyncio.get_running_loop()
    if loop not in _edges:
        _edges[loop] = Edge()
    return _edges[loop]


def recorder_backlog() -> int:
    """Calls of the running event loop that are not recorded yet."""
    kept = _edges.get(asyncio.get_running_loop())
    return 0 if kept is None else kept.recorder.waiting


@contextlib.asynccontextmanager
async def edge_in_use() -> AsyncIterator[None]:
    """Keep the edge for the length of a block: the server's own, or one for a loop that has none."""
    borrowed = asyncio.get_running_loop() in _edges
    _session = running_edge().session  # made now, so that loading it takes no time of the first call's
    try:
        yield
    finally:
        if not borrowed:
            await close_edge()


async def close_edge() -> None:
    """Close the running loop's edge: its last calls are recorded and its connections closed."""
    kept = _edges.pop(asyncio.get_running_loop(), None)
    if kept is not None:
        await kept.close()


async def edge(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """The ASGI application for `/live/…` and for the server's lifespan."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http":
        await _answer(scope, receive, send)
    elif scope["type"] == "websocket":
        await relay(running_edge(), scope, receive, send)


async def _lifespan(receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            sys.setswitchinterval(_SWITCH_SECONDS)
            running_edge()
            warming = asyncio.create_task(in_database(_make_clients))
            await send({"type": "lifespan.startup.complete"})
            await asyncio.wait([warming])
        elif message["type"] == "lifespan.shutdown":
            await close_edge()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _make_clients() -> None:
    """Load and make what every lab needs before the first visitor does."""
    import aiohttp  # noqa: F401

    needed = ("cloudformation", "s3", *(name for service in lab_services().services for name in service.clients))
    for place, name in itertools.product(places(), needed):
        with contextlib.suppress(TargetDown):
            target_at(place).client(name)


async def _answer(scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    raw_path, lab_id = addressed(scope["path"], scope.get("raw_path"))
    kept = running_edge()
    trace = http.trace_id(scope["headers"])
    request_context.note(trace=trace)
    started, at = time.perf_counter(), time.time()
    route: Route | None = None
    try:
        if _is_preflight(scope):
            await _send(send, 204, _preflight_headers(scope), b"")
            return
        if scope["method"] not in _METHODS:
            raise Refusal(
                405,
                "Method Not Allowed",
                "API Gateway does not support this method.",
                Allow=", ".join(sorted(_METHODS)),
            )
        route = await admitted(kept.routes, kept.rate, lab_id, scope["headers"], raw_path, scope["query_string"])
        request_context.note(lab=lab_id)
        with kept.routes.under_way(lab_id) as may_pass:
            if not may_pass:
                limit_hit("lab_requests_at_once")
                raise too_many("This lab has reached its limit of concurrent requests.", 1)
            path = http.upstream_path(raw_path, lab_id)
            body = await _body(scope, receive)
            with tracing.span("call the lab", "client", lab=lab_id, trace=trace) as span:
                status, headers, content = await _forward(kept, route, scope, path, body, trace)
                span.status(status)
    except http.BadPath as error:
        status, headers, content = answer_of(scope, Refusal(400, "Bad Request", str(error)))
    except Refusal as refusal:
        status, headers, content = answer_of(scope, refusal)
    except Exception as error:
        if not faults.is_storage_fault(error):
            raise
        faults.faults.note(error, "looking up a lab that was called")
        status, headers, content = answer_of(scope, storage_away())
    if route is not None:
        ms = (time.perf_counter() - started) * 1000
        came = raw_path.removeprefix(f"/live/{lab_id}".encode()).decode("ascii", "replace") or "/"
        shown = presigned.shown(route.doors, came)
        if scope["query_string"] and shown == came:
            shown += "?" + scope["query_string"].decode("ascii", "replace")
        kept.recorder.add(Call(lab_id, trace, scope["method"][:16], shown[:300], status, round(ms, 3), at))
    if scope["method"] == "HEAD":
        content = b""
    held = len(content) if len(content) > _SMALL_ANSWER else 0
    if not kept.answers.take(held):
        limit_hit("lab_answers_at_once")
        held = 0
        status, headers, content = answer_of(scope, sending_too_much())
    try:
        await _send(send, status, headers, content)
    finally:
        kept.answers.give_back(held)


async def _body(scope: HTTPScope, receive: ASGIReceiveCallable) -> bytes:
    """The whole body. Raises Refusal past API Gateway's limits, before it is all read where the client says so."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > MOST_BYTES_IN:
            raise too_large()
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Refusal(400, "Bad Request", "The client disconnected before its request was complete.")
                size += len(message.get("body", b""))
                if size > MOST_BYTES_IN:
                    raise too_large()
                chunks.append(message.get("body", b""))
                if not message.get("more_body"):
                    return b"".join(chunks)
    except TimeoutError:
        raise Refusal(
            408, "Request Timeout", "The request's body did not arrive within 29 seconds.", Connection="close"
        ) from None


async def _forward(
    kept: Edge, route: Route, scope: HTTPScope, path: str, body: bytes, trace: str
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    import aiohttp

    query = scope["query_string"].decode("latin-1")
    if not query.isprintable() or not query.isascii() or " " in query or "#" in query:
        raise Refusal(400, "Bad Request", "The query contains characters that must be percent-encoded.")
    door = presigned.door_at(route.doors, path)
    if door is None:
        to, sent = route.upstream + (path or "/"), http.request_headers(scope["headers"], trace)
    else:
        assert route.target is not None
        await presigned.admit(door, route.target, scope["method"], path, query, scope["headers"], len(body))
        to, sent = presigned.address(door, path), presigned.request_headers(door, scope["headers"])
    url = yarl.URL(to + (f"?{query}" if query else ""), encoded=True)
    try:
        async with kept.session.request(
            scope["method"],
            url,
            headers=CIMultiDict(sent),
            data=body or None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=LONGEST_SECONDS, connect=5),
        ) as answer:
            await _same_boot(kept, route, answer.headers)
            content = await _content(answer)
            headers = http.response_headers(
                answer.headers.items(), trace=trace, live=f"/live/{route.lab_id}", upstream=route.upstream
            )
            if door is None or scope["method"] == "POST":  # an object stays as it was stored
                headers, content = presigned.moved(route.doors, route.lab_id, headers, content)
            return answer.status, [*headers, *outside_django(http.SANDBOX)], content
    except (ValueError, aiohttp.InvalidURL):
        raise Refusal(400, "Bad Request", "The request cannot be forwarded as it is.") from None
    except TimeoutError:
        raise Refusal(
            504, "Gateway Timeout", "The lab did not answer within 29 seconds, API Gateway's limit."
        ) from None
    except aiohttp.ClientError:
        kept.routes.forget(route.lab_id)
        raise Refusal(
            503,
            "The lab does not respond",
            "The AWS that it runs on does not respond. It is probably restarting.",
            Retry_After="2",
        ) from None


async def _same_boot(kept: Edge, route: Route, headers: Mapping[str, str]) -> None:
    """Raise Refusal if the answer comes from another boot of AWS than the one that held this lab."""
    if route.boot_header is not None and headers.get(route.boot_header, route.boot_id) != route.boot_id:
        kept.routes.forget(route.lab_id)
        reason = await in_database(mark_lost_by_id, route.lab_id)
        if reason is None:
            raise out_of_reach()
        raise Refusal(410, "This lab is gone", reason)


async def _content(answer: "aiohttp.ClientResponse") -> bytes:
    content = await answer.content.read(MOST_BYTES_OUT + 1)
    chunks = [content]
    size = len(content)
    while size <= MOST_BYTES_OUT and (content := await answer.content.read(MOST_BYTES_OUT + 1 - size)):
        chunks.append(content)
        size += len(content)
    if size > MOST_BYTES_OUT:
        answer.close()
        raise Refusal(502, "Response too large", "The function's response is larger than 6 MB, the limit of Lambda.")
    return b"".join(chunks)


def _is_preflight(scope: HTTPScope) -> bool:
    if scope["method"] != "OPTIONS":
        return False
    return {b"origin", b"access-control-request-method"} <= {name for name, _ in scope["headers"]}


def _preflight_headers(scope: HTTPScope) -> list[tuple[bytes, bytes]]:
    headers = [(name.encode(), value.encode()) for name, value in http.PREFLIGHT.items()]
    headers += outside_django(http.SANDBOX)
    asked = next((value for name, value in scope["headers"] if name == b"access-control-request-headers"), None)
    return headers if asked is None else [*headers, (b"access-control-allow-headers", asked)]


async def _send(send: ASGISendCallable, status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> None:
    """Returns once a large answer is on its way to the client, but for what the transport's buffer may hold."""
    if status != 204:
        headers = [*headers, (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
    if len(content) > _SMALL_ANSWER:  # the server waits for the buffer before it takes the next piece
        await send({"type": "http.response.body", "body": content, "more_body": True})
        content = b""
    await send({"type": "http.response.body", "body": content, "more_body": False})
