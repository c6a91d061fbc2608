"""The address under which the emulator tells its counts: `POST /_catalogue/uses`, for the site alone.

Handlers reach the emulator's address too. So it answers only to whoever knows a secret, which the host is handed as it
starts, over a pipe: it stands in no environment, argument or file of the emulator, which handlers share. Nothing sets
the counts back.
"""

import hmac
import json
import os
from collections.abc import MutableMapping
from typing import Any

from catalogue.labs.embedded.counter import Counter
from catalogue.labs.embedded.guard import App, Message, Receive, Send

USES_PATH = "/_catalogue/uses"
SECRET_HEADER = "x-catalogue-secret"  # noqa: S105  (a header's name)
_MOST_BYTES = 1_000_000


def site_secret() -> str:
    """What the site and the host that it starts both know, made from the site's own secret key."""
    from django.conf import settings

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalogue.settings")
    return hmac.new(settings.SECRET_KEY.encode(), b"catalogue.labs.embedded.uses", "sha256").hexdigest()


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


def door(app: App, counter: Counter, secret: str) -> App:
    """Wrap the emulator's application: POST /_catalogue/uses tells the counts to whoever knows the secret."""

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
