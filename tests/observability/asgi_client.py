"""Calls an ASGI application as a server would, without one."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from asgiref.typing import ASGI3Application


@dataclass
class Answered:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def scope_of(path: str, *, method: str = "GET", query: bytes = b"", headers: Mapping[str, str] | None = None) -> Any:
    """The scope of a request from this machine."""
    named = {"host": "localhost", **(headers or {})}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
        "state": {},
        "extensions": {},
    }


async def call(app: ASGI3Application, scope: Any, body: bytes = b"") -> Answered:
    """The whole answer of `app` to a request with `body`; the client stays until it has it."""
    answered = Answered()
    requests = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if not requests:
            await asyncio.Event().wait()
        return requests.pop()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answered.status = message["status"]
            answered.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        else:
            answered.body += message.get("body", b"")

    await app(scope, receive, send)
    return answered
