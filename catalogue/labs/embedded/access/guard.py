"""What stands before the emulator: its administration is closed, and its boot can be told apart.

A lab's function can reach the emulator's address, and the emulator's `/_ministack/reset` would wipe
every lab. Only what CloudFormation and a health check need is let through.
"""

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

BOOT_PATH = "/_catalogue/boot"
WORK_COMES = "work"
"""Query of BOOT_PATH by which the site says that it is about to make a lab or to sweep."""
BOOT_HEADER = "x-catalogue-boot"

_ADMIN = re.compile(r"/+_(ministack|localstack)(/|$)", re.IGNORECASE)
_OPEN = re.compile(r"/_ministack/(health|ready|cfn-[a-z]+(/.*)?)")


def is_closed(path: str) -> bool:
    """Whether a decoded request path belongs to the emulator's administration and not to AWS."""
    return bool(_ADMIN.match(path)) and not _OPEN.fullmatch(path)


def guard(app: App, boot_id: str, work_comes: Callable[[], bool] = lambda: True) -> App:
    """Wrap the emulator's ASGI application; every answer names the boot in the header `x-catalogue-boot`.

    `work_comes` is called when the site is about to make a lab or to sweep; False if this process is about to end.
    """
    header = (BOOT_HEADER.encode(), boot_id.encode())

    async def guarded(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        if is_closed(scope["path"]):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await _answer(send, 403, {"message": "The emulator's administration is closed."}, header)
            return
        if scope["type"] == "http" and scope["path"] == BOOT_PATH:
            if scope["query_string"] == WORK_COMES.encode() and not work_comes():
                await _answer(send, 503, {"message": "The embedded AWS is starting again."}, header)
            else:
                await _answer(send, 200, {"boot_id": boot_id}, header)
            return

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        await app(scope, receive, named)

    return guarded


async def _answer(send: Send, status: int, body: dict[str, str], header: tuple[bytes, bytes]) -> None:
    content = json.dumps(body).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        header,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
