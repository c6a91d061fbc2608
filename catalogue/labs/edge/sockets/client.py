"""Opens a WebSocket to a lab in this process, through the same ASGI application that the server runs.

What happens on it becomes one answer: status 101 and what was received, or what a refused handshake was answered.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote

from asgiref.typing import ASGIReceiveEvent, ASGISendEvent, WebSocketScope

from catalogue.labs.demos.expectations import StepAnswer
from catalogue.labs.edge.application import edge
from catalogue.labs.edge.client import Unsendable

_HANDSHAKE_SECONDS = 30.0


@dataclass(frozen=True)
class Talk:
    """What a client does on its socket, in this order."""

    send: Sequence[Any] = ()
    """Messages, each sent as JSON."""
    ready: int = 0
    """How many messages are awaited before anything else happens."""
    meanwhile: Sequence[Callable[[], Awaitable[StepAnswer]]] = ()
    """Calls made one after the other while the socket is open."""
    receive: int = 0
    """How many messages are awaited in all."""
    within: float = 60
    """Seconds for each of both waits."""


@dataclass
class _Socket:
    """The client's end: what has come, and how the other side ended it."""

    messages: list[Any] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=dict)
    """The first message of ASGI: an accept, or the start of a refusal."""
    refusal: bytes = b""
    closed: int | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, message: Mapping[str, Any]) -> None:
        match message["type"]:
            case "websocket.send":
                self.messages.append(_parsed(message))
            case "websocket.close":
                self.closed = message.get("code", 1000)
            case "websocket.http.response.body":
                self.refusal += message.get("body", b"")
                self.closed = self.closed or 1006
            case _:
                self.answer = dict(message)
        self.changed.set()

    async def until(self, holds: Callable[[], bool], seconds: float) -> None:
        """Wait until it holds, the socket is closed, or the time is over."""
        try:
            async with asyncio.timeout(seconds):
                while not holds() and self.closed is None:
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            return


async def talk_to(lab_id: str, path: str, headers: Mapping[str, str], talk: Talk) -> StepAnswer:
    """Open a socket at `/live/<lab_id><path>`, talk, and close it.

    The answer's body is JSON: `received`, the messages; `statuses` of the calls meanwhile; `closed`, the code with
    which the lab ended the connection, or null. Raises Unsendable for what HTTP cannot carry.
    """
    scope = _scope(lab_id, path, headers)
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    inbox.put_nowait({"type": "websocket.connect"})
    ours = _Socket()

    async def receive() -> ASGIReceiveEvent:
        return cast("ASGIReceiveEvent", await inbox.get())

    async def send(message: ASGISendEvent) -> None:
        ours.take(cast("dict[str, Any]", message))

    began = time.perf_counter()
    serving = asyncio.ensure_future(edge(cast("Any", scope), receive, send))
    try:
        await ours.until(lambda: bool(ours.answer), _HANDSHAKE_SECONDS)
        status = ours.answer.get("status", 101 if ours.answer else 504)
        statuses: list[int] = []
        if status == 101:
            for message in talk.send:
                inbox.put_nowait({"type": "websocket.receive", "text": json.dumps(message), "bytes": None})
            await ours.until(lambda: len(ours.messages) >= talk.ready, talk.within)
            for call in talk.meanwhile:
                statuses.append((await call()).status)
            await ours.until(lambda: len(ours.messages) >= talk.receive, talk.within)
        else:
            await ours.until(lambda: False, _HANDSHAKE_SECONDS)  # for the rest of the refusal
    finally:
        inbox.put_nowait({"type": "websocket.disconnect", "code": 1000, "reason": ""})
        await asyncio.wait({serving})
    serving.result()
    ms = round((time.perf_counter() - began) * 1000, 3)
    told = {"received": ours.messages, "statuses": statuses, "closed": ours.closed}
    body = json.dumps(told) if status == 101 else ours.refusal.decode("utf-8", "replace")
    return StepAnswer(status, _headers(ours.answer), body, ms)


def _scope(lab_id: str, path: str, headers: Mapping[str, str]) -> WebSocketScope:
    raw_path, _, query = f"/live/{lab_id}{path}".partition("?")
    try:
        head = [(name.lower().encode("ascii"), value.encode()) for name, value in headers.items()]
        target, asked = raw_path.encode("ascii"), query.encode("ascii")
    except UnicodeEncodeError:
        raise Unsendable("A value that was filled in contains characters that are not allowed in a request.") from None
    return cast(
        "WebSocketScope",
        {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": unquote(raw_path),
            "raw_path": target,
            "query_string": asked,
            "root_path": "",
            "headers": head,
            "client": None,
            "server": None,
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
        },
    )


def _headers(answer: Mapping[str, Any]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("utf-8", "replace") for name, value in answer.get("headers", ())}


def _parsed(message: Mapping[str, Any]) -> Any:
    """A message as JSON where it is JSON, else as text."""
    text = message.get("text")
    said = (message.get("bytes") or b"").decode("utf-8", "replace") if text is None else text
    try:
        return json.loads(said)
    except (ValueError, RecursionError):
        return said
