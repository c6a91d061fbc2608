"""The site's entry points: kept pages come from memory, labs' endpoints from a lean proxy, the rest from Django."""

import asyncio
import os
from importlib import import_module
from importlib.util import find_spec
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
from django.conf import settings
from django.core.asgi import get_asgi_application

django_app = cast("ASGI3Application", get_asgi_application())

from catalogue.labs.edge.application import edge  # noqa: E402  (models may only be imported once Django is set up)
from catalogue.observability.asgi import observed  # noqa: E402
from catalogue.pages.serving.front_door import front_door  # noqa: E402
from catalogue.pages.serving.page_cache import PageAnswer  # noqa: E402
from catalogue.web.front.turns import turns  # noqa: E402

serves_assistants = settings.MCP and find_spec("mcp") is not None


async def site(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    if scope["type"] == "lifespan":
        async with front_door.watching():
            await edge(scope, receive, send)
    elif scope["type"] == "websocket" or scope["path"].startswith("/live/"):
        await edge(scope, receive, send)
    elif scope["type"] == "http" and (
        answer := front_door.answer(scope["method"], scope["path"], scope["query_string"], scope["headers"])
    ):
        await _send(answer, send, head=scope["method"] == "HEAD")
    elif scope["type"] == "http" and scope["path"] == "/mcp" and serves_assistants:
        # The protocol's package takes a second to import, and a site may go without assistants for days.
        assistants = await asyncio.to_thread(import_module, "catalogue.labs.assistants.http")
        await assistants.answer(application, scope, receive, send)
    else:
        await turns.run(django_app, scope, receive, send)


application = observed(site)


async def _send(answer: PageAnswer, send: ASGISendCallable, *, head: bool) -> None:
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
