"""The doors of the site: kept pages are answered from memory, labs' endpoints by a lean proxy, all else by Django."""

import os
from typing import cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalogue.settings")

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    Scope,
)
from django.core.asgi import get_asgi_application

django_app = cast("ASGI3Application", get_asgi_application())

from catalogue.labs.edge import edge  # noqa: E402  (models may only be imported once Django is set up)
from catalogue.pages.door import door  # noqa: E402
from catalogue.pages.shelf import Answer  # noqa: E402


async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    if scope["type"] == "lifespan":
        async with door.watching():
            await edge(scope, receive, send)
    elif scope["type"] == "http" and scope["path"].startswith("/live/"):
        await edge(scope, receive, send)
    elif scope["type"] == "http" and (
        answer := door.answer(scope["method"], scope["path"], scope["query_string"], scope["headers"])
    ):
        await _send(answer, send, head=scope["method"] == "HEAD")
    else:
        await django_app(scope, receive, send)


async def _send(answer: Answer, send: ASGISendCallable, *, head: bool) -> None:
    start: HTTPResponseStartEvent = {
        "type": "http.response.start",
        "status": answer.status,
        "headers": answer.headers,
        "trailers": False,
    }
    body: HTTPResponseBodyEvent = {
        "type": "http.response.body",
        "body": b"" if head else answer.body,
        "more_body": False,
    }
    await send(start)
    await send(body)
