"""`/mcp`: the server's tools by streamable HTTP, behind the site's limits. Keeps no session.

https://modelcontextprotocol.io/specification/2025-11-25/basic/transports asks servers to check the Origin of requests:
a page of another site must not use a visitor's browser to speak to this server.
"""

import json
from functools import cache
from typing import Any, cast

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils.crypto import salted_hmac
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from catalogue.base.backends.counts import count
from catalogue.base.keys import lasting_key
from catalogue.labs.assistants.server import assistants_server
from catalogue.labs.assistants.site import NO_ONE, Caller, caller
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.observability.prometheus.metrics import limit_hit
from catalogue.web.client_address import client_network
from catalogue.web.origin import parse

PATH = "/mcp"
MOST_BODY = 600_000
"""Bytes of a request: a template to draw is the longest that a tool takes."""
_MINUTE = 60


@cache
def _lowlevel(application: ASGI3Application) -> Any:
    server = assistants_server(application)
    server.streamable_http_app()  # makes the manager, whose server is the one that any transport can use
    return server.session_manager.app


async def answer(
    application: ASGI3Application, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Answer one request. What tools do counts as done by the client that sent it."""
    headers = dict(scope["headers"])
    forwarded = headers.get(b"x-forwarded-for", b"")
    host, port = scope["client"] or NO_ONE
    asked = Caller((host, port or 0), forwarded)
    refusal = _refusal_of_headers(headers) or await _refusal_of_rate(asked)
    if refusal is not None:
        await _refuse(send, *refusal)
        return
    reset = caller.set(asked)
    try:
        manager = StreamableHTTPSessionManager(
            _lowlevel(application), json_response=True, stateless=True, max_request_body_size=MOST_BODY
        )
        async with manager.run():
            await manager.handle_request(cast("Any", scope), cast("Any", receive), cast("Any", send))
    finally:
        caller.reset(reset)


type Refusal = tuple[int, str, str, int]
"""Status, title, detail, and the seconds after which to try again; 0 for never."""


def _refusal_of_headers(headers: dict[bytes, bytes]) -> Refusal | None:
    host = headers.get(b"host", b"").decode("latin-1")
    if not validate_host(split_domain_port(host)[0], [*settings.ALLOWED_HOSTS]):
        return 400, "Bad Request", "This site does not answer under the host name of the request.", 0
    origin = headers.get(b"origin")
    scheme = settings.SITE_URL.partition("://")[0]
    own = (parse(settings.SITE_URL), parse(f"{scheme}://{host}"))
    if origin is not None and parse(origin.decode("latin-1")) not in own:
        return 403, "Request from another site", "This request came from a page of another site and was ignored.", 0
    return None


async def _refusal_of_rate(asked: Caller) -> Refusal | None:
    meta = {"REMOTE_ADDR": asked.client[0], "HTTP_X_FORWARDED_FOR": asked.forwarded.decode("latin-1")}
    key = salted_hmac("labs.assistants", client_network(meta), secret=lasting_key(), algorithm="sha256").hexdigest()
    if await in_database(count, f"mcp:{key}", _MINUTE) <= settings.MCP_PER_MINUTE:
        return None
    limit_hit("mcp_per_minute")
    detail = f"One address can send {settings.MCP_PER_MINUTE} requests a minute."
    return 429, "Too many requests", detail, _MINUTE


async def _refuse(send: ASGISendCallable, status: int, title: str, detail: str, retry_after: int) -> None:
    """RFC 9457."""
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    body = json.dumps(problem).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *([(b"retry-after", str(retry_after).encode())] if retry_after else []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})
