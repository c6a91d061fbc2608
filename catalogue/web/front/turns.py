"""How many requests Django works on at once: each has a thread and may have a database connection of its own."""

import asyncio
from typing import cast
from weakref import WeakKeyDictionary

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)

from catalogue.web.front import descriptors


class Turns:
    """Lets requests pass to an application in their order, at most so many at once in one event loop.

    An answer that has begun leaves its place to the next: what is streamed may take minutes and works on nothing.
    """

    def __init__(self) -> None:
        self._places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    async def run(
        self, app: ASGI3Application, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        loop = asyncio.get_running_loop()
        places = self._places.get(loop)
        if places is None:
            places = self._places[loop] = asyncio.Semaphore(descriptors.shares().django)
        await places.acquire()
        held = True

        async def leave_and_send(event: ASGISendEvent) -> None:
            nonlocal held
            if held and event["type"] == "http.response.start":
                held = False
                places.release()
            await send(event)

        try:
            await app(scope, receive, cast("ASGISendCallable", leave_and_send))
        finally:
            if held:
                places.release()


turns = Turns()
"""The ones of this process."""
