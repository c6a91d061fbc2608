"""Addresses of the emulator for the site alone: `POST /_catalogue/…` with a secret.

Handlers reach the emulator's address too. So such an address answers only a request with a secret, which the host gets
over a pipe when it starts: it is in no environment, argument or file of the emulator, which handlers share.
"""

import hmac
import json
import os
import urllib.request
from collections.abc import Callable, MutableMapping
from typing import Any

from catalogue.labs.embedded.access.guard import App, Message, Receive, Send

SECRET_HEADER = "x-catalogue-secret"  # noqa: S105  (a header's name)
_MOST_BYTES = 1_000_000


def site_secret(secret_key: str | None = None) -> str:
    """What the site and its emulators both know, made from the site's secret key (default: this process's own)."""
    # Django's settings are the site's: the emulator's process has none.
    from catalogue.base.keys import lasting_key

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalogue.settings")
    key = lasting_key() if secret_key is None else secret_key
    return hmac.new(key.encode(), b"catalogue.labs.embedded.uses", "sha256").hexdigest()


def hand_over(secret: str) -> int:
    """A file descriptor that the next program in this process can read the secret from, once."""
    reading, writing = os.pipe()
    os.write(writing, secret.encode())
    os.close(writing)
    os.set_inheritable(reading, True)
    return reading


def take_over(descriptor: int) -> str:
    """The secret that was handed over."""
    with os.fdopen(descriptor) as handed:
        return handed.read()


def site_endpoint(app: App, path: str, secret: str, answer: Callable[[Any], Any], expected: str) -> App:
    """Wrap the emulator's application: POST to this path returns `answer` of the body, both as JSON.

    403 without the secret; 400 with the words `expected` if `answer` raises ValueError, KeyError or TypeError.
    """

    async def wrapped(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != path:
            await app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name.lower() == SECRET_HEADER.encode()), b"")
        if scope["method"] != "POST" or not secret or not hmac.compare_digest(given, secret.encode()):
            await _answer(send, 403, {"message": "This address is for the site alone."})
            return
        try:
            document = answer(json.loads(await _body(receive)))
        except (ValueError, KeyError, TypeError):
            await _answer(send, 400, {"message": expected})
            return
        await _answer(send, 200, document)

    return wrapped


def ask(address: str, document: Any, seconds: float = 5) -> Any:
    """The site's side: what such an address of an emulator answers. Raises OSError, ValueError."""
    request = urllib.request.Request(  # noqa: S310 (a configured address)
        address, data=json.dumps(document).encode(), headers={SECRET_HEADER: site_secret()}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310
        return json.load(answer)


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message: Message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body
        if len(body) > _MOST_BYTES:
            raise ValueError


async def _answer(send: Send, status: int, document: Any) -> None:
    content = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
