"""Answers of the web server itself: a page or problem+json (RFC 9457), as bytes, after which the connection closes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from django.http import HttpRequest

from catalogue.web.errors import wants_html
from catalogue.web.front import refusal_page
from catalogue.web.security_headers import outside_django

type Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered; `kind` names it in the log."""

    status: int
    kind: str
    detail: str
    retry_after: int | None = None
    """Seconds."""


MALFORMED = Refusal(400, "malformed request", "This is not a valid HTTP request.")
NO_HOST = Refusal(400, "request without one Host", "An HTTP/1.1 request must carry exactly one Host header.")
SLOW_HEAD = Refusal(408, "slow request head", "The request's headers did not arrive in time.")
SLOW_BODY = Refusal(408, "slow request body", "The request's body did not arrive in time.")
BODY_TOO_LARGE = Refusal(413, "body too large", "The request's body is larger than this address accepts.")
TARGET_TOO_LONG = Refusal(414, "request target too long", "The request's address is longer than 8 KiB.")
TOO_MANY_HEADERS = Refusal(431, "too many headers", "The request has more than 100 header lines.")
HEAD_TOO_LARGE = Refusal(431, "headers too large", "The request's headers are larger than 32 KiB together.")
TOO_MANY_OF_ONE = Refusal(
    429, "too many connections of one client", "Your address has reached its limit of connections.", 5
)
TOO_MANY_REQUESTS_OF_ONE = Refusal(
    429, "too many requests of one client at once", "Your address has reached its limit of requests at once.", 5
)
FULL = Refusal(503, "too many connections", "The server has reached its limit of connections.", 5)
BODIES_FULL = Refusal(503, "too many bodies at once", "The server has reached its limit of data being received.", 5)


def message(
    refusal: Refusal, defaults: Headers, url: bytes = b"", headers: Headers | None = None, request_id: str = ""
) -> bytes:
    """The whole HTTP message, in the format that the request's headers (names in lower case) ask for."""
    title = HTTPStatus(refusal.status).phrase
    if asks_for_page(url, headers or []):
        kind, body = refusal_page.headers(), refusal_page.page(refusal.status, title, refusal.detail)
    else:
        kind = [
            (b"content-type", b"application/problem+json"),
            *outside_django(),
        ]
        document = {"type": "about:blank", "title": title, "status": refusal.status, "detail": refusal.detail}
        if request_id:
            document["request_id"] = request_id
        body = json.dumps(document).encode()
    lines: Headers = [
        *defaults,
        *kind,
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
    ]
    if request_id:
        lines.append((b"x-request-id", request_id.encode()))
    if refusal.retry_after is not None:
        lines.append((b"retry-after", b"%d" % refusal.retry_after))
    head = b"HTTP/1.1 %d %s\r\n" % (refusal.status, title.encode())
    return b"".join((head, *(b"%s: %s\r\n" % pair for pair in lines), b"\r\n", body))


def asks_for_page(url: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the request names HTML; where it says nothing, a program is assumed."""
    given = {name: value.decode("latin-1") for name, value in headers if name in (b"accept", b"content-type")}
    if "html" not in given.get(b"accept", ""):
        return False
    request = HttpRequest()
    request.path = url[:200].decode("latin-1")
    request.content_type = given.get(b"content-type", "").partition(";")[0]
    request.META["HTTP_ACCEPT"] = given.get(b"accept", "")[:1000]
    return wants_html(request)
