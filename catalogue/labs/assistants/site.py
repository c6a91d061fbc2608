"""Requests to this very site, inside its process: what an assistant does has the same limits as what a visitor does."""

import asyncio
import json
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, urlsplit

from asgiref.typing import ASGI3Application, HTTPScope
from django.conf import settings

NO_ONE = ("127.0.0.1", 0)

type Client = tuple[str, int]


@dataclass(frozen=True)
class Caller:
    """On whose behalf requests are made: the address that a web server saw, and what proxies said."""

    client: Client = NO_ONE
    forwarded: bytes = b""
    """X-Forwarded-For."""


caller: ContextVar[Caller] = ContextVar("caller", default=Caller())  # noqa: B039  (it is immutable)


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Refused(Exception):
    """What the site says where it does not do what was asked: its title, its detail, and when to try again."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Site:
    application: ASGI3Application

    async def ask(self, method: str, path: str, fields: Mapping[str, Any] | None = None, token: str = "") -> Any:
        """The JSON document that an address of the site's API answers; None for an empty answer. Raises Refused."""
        headers = {"accept": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        body = b""
        if fields is not None:
            headers["content-type"] = "application/json"
            body = json.dumps(fields).encode()
        answer = await self.send(method, path, headers, body)
        try:
            document = json.loads(answer.body) if answer.body.strip() else None
        except ValueError:
            document = None
        late = isinstance(document, dict) and "type" in document and isinstance(document.get("status"), int)
        status = document["status"] if late and isinstance(document, dict) else answer.status
        if status >= 400:
            raise Refused(status, _said(answer, document if isinstance(document, dict) else {}))
        return document

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """The answer to one request, whole. `path` may have a query string; what is no plain character is quoted."""
        path, _, query = path.partition("?")
        asked = caller.get()
        own = {"host": urlsplit(settings.SITE_URL).netloc, "content-length": str(len(body))}
        sent = {name.lower(): value for name, value in headers.items()} | own
        lines = [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in sent.items()
        ]
        if asked.forwarded:
            lines.append((b"x-forwarded-for", asked.forwarded))
        raw = quote(path, safe="/%:@!$&'()*+,;=~-._")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "scheme": urlsplit(settings.SITE_URL).scheme,
            "method": method,
            "path": path,
            "raw_path": raw.encode(),
            "query_string": quote(query, safe="/%:@!$&'()*+,;=~-._?").encode(),
            "root_path": "",
            "headers": lines,
            "client": asked.client,
            "server": None,
        }
        return await asyncio.create_task(self._answer(scope, body))

    async def _answer(self, scope: dict[str, Any], body: bytes) -> Answer:
        answer = Answer()
        waiting = [{"type": "http.request", "body": body, "more_body": False}]
        over = asyncio.Event()

        async def receive() -> Any:
            if waiting:
                return waiting.pop()
            await over.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {
                    name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]
                }
            elif message["type"] == "http.response.body":
                answer.body += message.get("body", b"")
                if not message.get("more_body"):
                    over.set()

        await self.application(cast("HTTPScope", scope), receive, send)
        return answer


def _said(answer: Answer, problem: Mapping[str, Any]) -> str:
    parts = [str(problem.get("title") or f"The site answered {answer.status}"), str(problem.get("detail") or "")]
    said = ": ".join(part.rstrip(".") for part in parts if part) + "."
    if (after := answer.headers.get("retry-after")) is not None:
        said += f" Try again in {after} seconds."
    return said
