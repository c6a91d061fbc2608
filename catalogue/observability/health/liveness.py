"""`/healthz`: whether this process is alive. It does no I/O and waits for no thread; `/readyz` says what works."""

import json

from asgiref.typing import ASGISendCallable, HTTPScope

from catalogue.web.security_headers import outside_django

ALIVE = b'{"status":"ok"}\n'


async def answer(scope: HTTPScope, send: ASGISendCallable) -> None:
    """200 `{"status":"ok"}` to GET and HEAD under any Host, 405 to the rest. The request's body is not read."""
    if scope["method"] not in ("GET", "HEAD"):
        await send_problem(send, 405, "Method Not Allowed", allow=b"GET, HEAD")
        return
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(ALIVE)).encode()),
        (b"cache-control", b"no-store"),
        *outside_django(),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})
    body = b"" if scope["method"] == "HEAD" else ALIVE
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_problem(
    send: ASGISendCallable, status: int, title: str, request_id: str = "", *, allow: bytes = b""
) -> None:
    """A problem document (RFC 9457) from outside of Django."""
    document = {"type": "about:blank", "title": title, "status": status}
    if request_id:
        document["request_id"] = request_id
    body = json.dumps(document).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *outside_django(),
    ]
    if allow:
        headers.append((b"allow", allow))
    await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})
