"""The address under which the emulator reports its counts: `POST /_catalogue/uses`, for the site alone.

Handlers reach the emulator's address too. So it answers only a request with a secret, which the host gets over a pipe
when it starts: it is in no environment, argument or file of the emulator, which handlers share. Nothing resets the
counts.
"""

import hmac
import json
import os
from collections.abc import MutableMapping
from typing import Any

from catalogue.labs.embedded.access.guard import App, Message, Receive, Send
from catalogue.labs.embedded.counting.counter import Counter

USES_PATH = "/_catalogue/uses"
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


def usage_endpoint(app: App, counter: Counter, secret: str) -> App:
    """Wrap the emulator's application: POST /_catalogue/uses tells the counts to anyone who knows the secret."""

    async def with_door(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != USES_PATH:
            await app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name.lower() == SECRET_HEADER.encode()), b"")
        if scope["method"] != "POST" or not secret or not hmac.compare_digest(given, secret.encode()):
            await _answer(send, 403, {"message": "The counts are the site's own."})
            return
        try:
            asked = json.loads(await _body(receive))
            rows = counter.read([(service, name) for service, name in asked["resources"]], float(asked["since"]))
        except (ValueError, KeyError, TypeError):
            await _answer(send, 400, {"message": "Send {resources: [[service, name]], since: seconds}."})
            return
        await _answer(send, 200, {"uses": rows})

    return with_door


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
