"""The HTTP API of one lab, as a client: its document, its events, its levers, and requests to its endpoint."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from http.cookies import SimpleCookie
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote

from catalogue.management.terminal.refused import Refused

SECONDS = 60.0
"""The longest silence of an answer. API Gateway's own limit is 29 s."""
_STREAM_SECONDS = 60.0
"""The longest silence of the stream, which sends a comment every ten."""

type Event = dict[str, Any]
"""`{"event": its kind, "data": its JSON}`, as `/openapi.json` describes them."""


@dataclass(frozen=True)
class Answer:
    status: int
    reason: str
    headers: Message
    body: bytes

    @property
    def trace(self) -> str:
        """The trace ID, `1-…`; empty for an answer that has none."""
        return str(self.headers.get("x-amzn-trace-id") or "").removeprefix("Root=")


@dataclass(frozen=True)
class LabApi:
    page: str
    """The address of the lab's page, without a slash at its end."""

    def document(self) -> dict[str, Any]:
        """The lab's state. Raises Refused."""
        return self._json("")

    def happened(self) -> tuple[list[Event], bool]:
        """The events so far, and whether more are to be expected. Raises Refused."""
        read = self._json("/events.json")
        return read["events"], read["expects_more"]

    def stream(self) -> Iterator[Event]:
        """The events so far and those to come, until the lab is gone. Raises Refused."""
        with self._opened(
            self.page + "/events", headers={"Accept": "text/event-stream"}, seconds=_STREAM_SECONDS
        ) as lines:
            yield from parsed(lines)

    def writes_log(self, resource: str) -> bool:
        """Whether this resource writes a log. Raises Refused where the stack has none of this name."""
        return "log" in self._json(f"/inside/{quote(resource, safe='')}")

    def levers(self) -> list[dict[str, Any]]:
        """The board of levers, in the order of the demo. Raises Refused."""
        return list(self._json("/levers")["levers"])

    def move(self, lever: str, direction: str) -> dict[str, Any]:
        """Pull, release or try a lever: what came of it. Raises Refused."""
        return self._json(f"/levers/{quote(lever, safe='')}", {"do": direction})

    def reset(self) -> dict[str, Any]:
        """Release every pulled lever. Raises Refused."""
        return self._json("/levers", {"do": "release"})

    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """A request to the stack's endpoint. Raises Refused."""
        address = str(self.document()["endpoint"]) + path
        with self._opened(address, method, body, headers, refusals=False) as answer:
            return Answer(answer.status, answer.reason, answer.headers, answer.read())

    def _json(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers |= {"Content-Type": "application/json", "Cookie": self._owner()}
        data = None if body is None else json.dumps(body).encode()
        with self._opened(self.page + path, "GET" if data is None else "POST", data, headers) as answer:
            read: dict[str, Any] = json.loads(answer.read())
        if "status" in read and "title" in read:  # a refusal that came after the status of a slow answer
            raise Refused(str(read.get("detail") or read["title"]))
        return read

    def _owner(self) -> str:
        """The cookie that the page of an opened template gives to anyone who has its address."""
        with self._opened(self.page, headers={"Accept": "text/html"}) as answer:
            cookies = SimpleCookie(answer.headers.get("Set-Cookie", ""))
        return "; ".join(f"{name}={cookie.value}" for name, cookie in cookies.items())

    def _opened(
        self,
        address: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        seconds: float = SECONDS,
        refusals: bool = True,
    ) -> Any:
        """The response, to be closed. Raises Refused where there is none, and with `refusals` for a problem."""
        request = urllib.request.Request(address, data=body, method=method, headers=dict(headers or {}))  # noqa: S310
        try:
            return _opener.open(request, timeout=seconds)
        except HTTPError as error:
            if not refusals:
                return error
            raise Refused(_detail(error)) from None
        except (URLError, OSError, HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise Refused(f"{self.page} does not answer: {reason}.") from None


class _AsItIs(urllib.request.HTTPRedirectHandler):
    """An answer that leads elsewhere is shown, not followed."""

    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(_AsItIs, urllib.request.ProxyHandler({}))
"""Without the proxies of the environment, which have no part in a page of this machine."""


def _detail(error: HTTPError) -> str:
    """What a problem document says, else the status."""
    try:
        problem = json.loads(error.read())
        return str(problem.get("detail") or problem["title"])
    except (ValueError, KeyError, AttributeError, OSError):
        return f"{error.url} answered {error.code} {error.reason}."


def parsed(lines: IO[bytes]) -> Iterator[Event]:
    """Server-sent events with JSON as data, each in one line, as the site sends them."""
    kind, data = "", ""
    for raw in lines:
        name, _, value = raw.decode("utf-8", "replace").rstrip("\r\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            data = value
        elif not name and kind and data:
            yield {"event": kind, "data": json.loads(data)}
            kind, data = "", ""
