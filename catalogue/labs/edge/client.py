"""Calls a lab's endpoint in this process, through the same ASGI application that the server runs."""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote

from asgiref.typing import ASGIReceiveEvent, ASGISendEvent, HTTPScope

from catalogue.labs.demos.expectations import StepAnswer
from catalogue.labs.edge.application import edge, running_edge
from catalogue.labs.edge.presigned import edge_path


class Unsendable(ValueError):
    """A request that cannot be written as HTTP; the message is fit for a visitor."""


async def call_edge(
    lab_id: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    json_body: Any = None,
    text: str | None = None,
    content: bytes | None = None,
) -> StepAnswer:
    """Send one request to `/live/<lab_id><path>`. An address that the lab gave may be used as `path`: a Location, or
    a presigned address of one of its own resources.

    Raises Unsendable for a path, a header or a body that HTTP cannot carry.
    """
    if path.startswith("https://") and (route := await running_edge().routes.find(lab_id)) is not None:
        path = edge_path(route.doors, path)
    path = re.sub(rf"^(https?://[^/]+)?/live/{re.escape(lab_id)}(?=[/?]|$)", "", path)
    raw_path, _, query = f"/live/{lab_id}{path}".partition("?")
    sent = {name.lower(): value for name, value in headers.items()}
    body = content or b""
    try:
        if content is not None:
            pass
        elif json_body is not None:
            body = json.dumps(json_body).encode()
            sent.setdefault("content-type", "application/json")
        elif text is not None:
            body = text.encode()
            sent.setdefault("content-type", "text/plain; charset=utf-8")
        head = [(name.encode("ascii"), value.encode()) for name, value in sent.items()]
        target, asked = raw_path.encode(), query.encode()
    except (UnicodeEncodeError, RecursionError):
        raise Unsendable("A value that was filled in contains characters that are not allowed in a request.") from None
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw_path),
        "raw_path": target,
        "query_string": asked,
        "root_path": "",
        "headers": head,
        "client": None,
        "server": None,
        "extensions": {},
    }
    return await _call(cast("HTTPScope", scope), body)


async def _call(scope: HTTPScope, body: bytes) -> StepAnswer:
    received: list[dict[str, Any]] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> ASGIReceiveEvent:
        if not waiting:
            await asyncio.Event().wait()
        return cast("ASGIReceiveEvent", waiting.pop())

    async def send(message: ASGISendEvent) -> None:
        received.append(cast("dict[str, Any]", message))

    started = time.perf_counter()
    await edge(scope, receive, send)
    ms = (time.perf_counter() - started) * 1000
    content = b"".join(message.get("body", b"") for message in received[1:])
    return StepAnswer(
        status=received[0]["status"],
        headers={name.decode("latin-1"): value.decode("utf-8", "replace") for name, value in received[0]["headers"]},
        body=content.decode("utf-8", "replace"),
        ms=round(ms, 3),
    )
