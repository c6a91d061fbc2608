"""Calls a lab's endpoint in this process, through the same ASGI application that the server runs."""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote

from asgiref.typing import ASGIReceiveEvent, ASGISendEvent, HTTPScope

from catalogue.labs.edge import edge
from catalogue.labs.expectations import Answer


async def call_edge(
    lab_id: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    json_body: Any = None,
    text: str | None = None,
) -> Answer:
    """Send one request to `/live/<lab_id><path>`. A Location that the edge gave may be used as `path`."""
    path = re.sub(rf"^(https?://[^/]+)?/live/{re.escape(lab_id)}(?=[/?]|$)", "", path)
    raw_path, _, query = f"/live/{lab_id}{path}".partition("?")
    sent = {name.lower(): value for name, value in headers.items()}
    body = b""
    if json_body is not None:
        body = json.dumps(json_body).encode()
        sent.setdefault("content-type", "application/json")
    elif text is not None:
        body = text.encode()
        sent.setdefault("content-type", "text/plain; charset=utf-8")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw_path),
        "raw_path": raw_path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode()) for name, value in sent.items()],
        "client": None,
        "server": None,
        "extensions": {},
    }
    return await _call(cast("HTTPScope", scope), body)


async def _call(scope: HTTPScope, body: bytes) -> Answer:
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
    return Answer(
        status=received[0]["status"],
        headers={name.decode("latin-1"): value.decode("utf-8", "replace") for name, value in received[0]["headers"]},
        body=content.decode("utf-8", "replace"),
        ms=round(ms, 3),
    )
