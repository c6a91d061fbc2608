"""`wss://…/live/<lab id>/` is relayed to the lab's own WebSocket API, and to nothing else.

The limits are API Gateway's: messages of 128 KB, 10 minutes without a message, 2 hours in all; past the first the
connection is closed with 1009, past the others with 1001.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
(opened 2026-12-01). How many may be open is `places.py`'s. A message counts for the lab's request rate; past it, the
edge reads the next message later instead of losing one. A socket ends with its lab.

**Origin.** A page on any origin may open a socket, as it may call a lab: the edge passes on no cookie, so the address
is all that opens a lab, and it cannot be guessed. The Origin header reaches `$connect`, which may refuse it.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

import yarl
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, WebSocketScope
from django.conf import settings
from multidict import CIMultiDict

from catalogue.base.backends import faults
from catalogue.labs.edge import http
from catalogue.labs.edge.admission import addressed, admitted
from catalogue.labs.edge.rates import Rate
from catalogue.labs.edge.recorder import Call, Recorder
from catalogue.labs.edge.refusing import Refusal, answer_of, storage_away
from catalogue.labs.edge.routes import Route, Routes
from catalogue.labs.edge.sockets.places import Places
from catalogue.labs.models import Status
from catalogue.observability.prometheus.metrics import limit_hit
from catalogue.observability.requests import request_context
from catalogue.web.client_address import UNKNOWN, client_network
from catalogue.web.front.limits import MOST_SOCKET_MESSAGE

if TYPE_CHECKING:
    import aiohttp

logger = logging.getLogger(__name__)

MOST_BYTES = MOST_SOCKET_MESSAGE
LONGEST_SECONDS = 2 * 60 * 60.0
HANDSHAKE_SECONDS = 29.0
_CLOSE_SECONDS = 2.0
"""For the lab's side of a closing handshake."""
_LOOK_SECONDS = 1.0
GOING_AWAY, TOO_BIG, FAILED = 1001, 1009, 1011
"""RFC 6455, section 7.4.1."""
_NOT_SENT = (1005, 1006, 1015)
"""Codes that no close frame may hold (RFC 6455, section 7.4.1)."""
_OF_HANDSHAKE = ("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol")
"""Headers that each leg of the way has of its own."""


class Relaying(Protocol):
    """What of the edge a relay uses."""

    routes: Routes
    rate: Rate
    recorder: Recorder
    places: Places

    @property
    def socket_session(self) -> "aiohttp.ClientSession": ...


@dataclass(frozen=True)
class Close:
    """How a socket ends: the code and the reason that the other side gets."""

    code: int
    reason: str = ""
    by_client: bool = False


async def relay(kept: Relaying, scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """One WebSocket from its handshake to its end. What is refused is answered as HTTP, before there is a socket."""
    await receive()  # websocket.connect
    raw_path, lab_id = addressed(scope["path"], scope.get("raw_path"))
    trace = http.trace_id(scope["headers"])
    request_context.note(trace=trace)
    started, at = time.perf_counter(), time.time()
    route: Route | None = None
    status = 101
    try:
        route = await admitted(kept.routes, kept.rate, lab_id, scope["headers"], raw_path, scope["query_string"])
        request_context.note(lab=lab_id)
        with kept.places.taken(lab_id, _client(scope)):
            lab = await _connected(kept, route, scope, raw_path, trace)
            try:
                await _accept(send, lab.protocol, trace)
                _record(kept, scope, lab_id, raw_path, trace, 101, started, at)
                await _carried(kept, lab_id, receive, send, lab)
            finally:
                await lab.close()
        return
    except http.BadPath as error:
        refusal = Refusal(400, "Bad Request", str(error))
    except Refusal as raised:
        refusal = raised
    except Exception as error:
        if not faults.is_storage_fault(error):
            raise
        faults.faults.note(error, "looking up a lab that was called")
        refusal = storage_away()
    status, headers, content = answer_of(scope, refusal)
    if route is not None:
        _record(kept, scope, lab_id, raw_path, trace, status, started, at)
    await _refuse(send, status, [*headers, (b"content-length", str(len(content)).encode())], content)


def _client(scope: WebSocketScope) -> str | None:
    """The network that the socket counts for; None where the site itself is the client."""
    if scope["client"] is None:
        return None
    forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
    network = client_network({"REMOTE_ADDR": scope["client"][0], "HTTP_X_FORWARDED_FOR": forwarded})
    return None if network == UNKNOWN else network


async def _connected(
    kept: Relaying, route: Route, scope: WebSocketScope, raw_path: bytes, trace: str
) -> "aiohttp.ClientWebSocketResponse":
    """The lab's end of the socket. Raises Refusal, also where the lab's `$connect` refuses."""
    import aiohttp

    if http.upstream_path(raw_path, route.lab_id) not in ("", "/"):
        raise Refusal(404, "Not Found", f"A WebSocket API has no paths: connect to /live/{route.lab_id}/.")
    if not route.sockets:
        raise Refusal(404, "No WebSocket API", "This lab's stack has no WebSocket API.")
    query = scope["query_string"].decode("latin-1")
    if not query.isprintable() or not query.isascii() or " " in query or "#" in query:
        raise Refusal(400, "Bad Request", "The query contains characters that must be percent-encoded.")
    headers = http.request_headers(scope["headers"], trace)
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            return await kept.socket_session.ws_connect(
                yarl.URL(route.sockets + (f"?{query}" if query else ""), encoded=True),
                headers=CIMultiDict(pair for pair in headers if pair[0].lower() not in _OF_HANDSHAKE),
                protocols=tuple(scope["subprotocols"]),
                max_msg_size=MOST_BYTES + 1,  # the first size that is refused
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
            )
    except aiohttp.WSServerHandshakeError as refused:
        status = refused.status if 400 <= refused.status < 600 else 502
        raise Refusal(status, "The connection was refused", "The lab's WebSocket API refused it.") from None
    except (ValueError, aiohttp.InvalidURL):
        raise Refusal(400, "Bad Request", "The request cannot be forwarded as it is.") from None
    except TimeoutError:
        raise Refusal(504, "Gateway Timeout", "The lab's $connect did not answer within 29 seconds.") from None
    except aiohttp.ClientError:
        kept.routes.forget(route.lab_id)
        raise Refusal(
            503, "The lab does not respond", "The AWS that it runs on does not respond.", Retry_After="2"
        ) from None


async def _carried(
    kept: Relaying,
    lab_id: str,
    receive: ASGIReceiveCallable,
    send: ASGISendCallable,
    lab: "aiohttp.ClientWebSocketResponse",
) -> None:
    """Messages both ways until one side closes, or a limit does."""
    activity = _Activity()
    ways: Sequence[Awaitable[Close]] = (
        _from_client(kept, lab_id, receive, lab, activity),
        _from_lab(lab, send, activity),
        _until_over(kept.routes, lab_id, activity),
    )
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for one in ended:
        if isinstance(one, Exception) and not isinstance(one, OSError):  # which is a connection that is gone
            logger.error("A WebSocket of a lab broke", exc_info=one)
    close = next((one for one in ended if isinstance(one, Close)), Close(FAILED))
    if close.by_client:
        await lab.close(code=GOING_AWAY if close.code in _NOT_SENT else close.code)
    else:
        await send({"type": "websocket.close", "code": close.code, "reason": close.reason})


class _Activity:
    """When the last message went either way, on the monotonic clock."""

    def __init__(self) -> None:
        self.began = self.at = time.monotonic()

    def note(self) -> None:
        self.at = time.monotonic()


async def _from_client(
    kept: Relaying,
    lab_id: str,
    receive: ASGIReceiveCallable,
    lab: "aiohttp.ClientWebSocketResponse",
    activity: _Activity,
) -> Close:
    while True:
        message = cast("dict[str, Any]", await receive())
        if message["type"] != "websocket.receive":
            return Close(message.get("code") or 1005, by_client=True)
        activity.note()
        text, data = message.get("text"), message.get("bytes") or b""
        if len(data if text is None else text.encode()) > MOST_BYTES:
            limit_hit("socket_message_bytes")
            return Close(TOO_BIG, "API Gateway takes messages of 128 KB.")
        while wait := await kept.rate.take(lab_id):
            limit_hit("lab_requests_per_second")
            await asyncio.sleep(wait)
        kept.recorder.used(lab_id)
        await (lab.send_bytes(data) if text is None else lab.send_str(text))


async def _from_lab(lab: "aiohttp.ClientWebSocketResponse", send: ASGISendCallable, activity: _Activity) -> Close:
    import aiohttp

    while True:
        message = await lab.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            await send({"type": "websocket.send", "text": message.data, "bytes": None})
        elif message.type is aiohttp.WSMsgType.BINARY:
            await send({"type": "websocket.send", "bytes": message.data, "text": None})
        elif message.type is aiohttp.WSMsgType.ERROR and lab.close_code == TOO_BIG:
            return Close(TOO_BIG, "API Gateway sends messages of 128 KB.")
        else:
            code = lab.close_code or FAILED
            return Close(FAILED if code in _NOT_SENT else code, "" if lab.close_code else "The lab does not respond.")
        activity.note()


async def _until_over(routes: Routes, lab_id: str, activity: _Activity) -> Close:
    """Until the socket has had its time, or its lab has."""
    idle, longest = settings.LABS_SOCKET_IDLE_SECONDS, LONGEST_SECONDS
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        now = time.monotonic()
        if now - activity.at > idle:
            return Close(GOING_AWAY, f"No message for {idle} seconds.")
        if now - activity.began > longest:
            return Close(GOING_AWAY, "Connections last two hours.")
        try:
            route = await routes.find(lab_id)
        except Exception as error:
            if not faults.is_storage_fault(error):
                raise
            continue
        if route is None or route.status != Status.READY:
            return Close(GOING_AWAY, "The lab has ended.")


def _record(
    kept: Relaying,
    scope: WebSocketScope,
    lab_id: str,
    raw_path: bytes,
    trace: str,
    status: int,
    started: float,
    at: float,
) -> None:
    """The handshake, as the call that it is."""
    shown = raw_path.removeprefix(f"/live/{lab_id}".encode()).decode("ascii", "replace") or "/"
    if scope["query_string"]:
        shown += "?" + scope["query_string"].decode("ascii", "replace")
    ms = round((time.perf_counter() - started) * 1000, 3)
    kept.recorder.add(Call(lab_id, trace, "GET", shown[:300], status, ms, at))


async def _accept(send: ASGISendCallable, subprotocol: str | None, trace: str) -> None:
    await send(
        {
            "type": "websocket.accept",
            "subprotocol": subprotocol,
            "headers": [(b"x-amzn-trace-id", f"Root={trace}".encode())],
        }
    )


async def _refuse(send: ASGISendCallable, status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> None:
    """The refusal as an HTTP answer to the handshake:
    https://asgi.readthedocs.io/en/latest/extensions.html#websocket-denial-response"""
    answer = cast("Callable[[Any], Awaitable[None]]", send)
    await answer({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await answer({"type": "websocket.http.response.body", "body": content, "more_body": False})
