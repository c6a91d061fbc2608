"""Ends the emulator's process when it is large and holds nothing, so that it can be started afresh.

Python rarely gives memory back, and one call of a large service costs hundreds of MB for good. No lab is lost: it ends
only while there is no stack, no request is under way and none has come for some seconds. From the moment of that
decision, requests are answered 503 with Retry-After. The supervisor starts it again, as another boot.
"""

import asyncio
import json
import time
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

from catalogue.labs.embedded.access.guard import App, Receive, Send

RECYCLED = 75
"""Exit code of an emulator that has ended by this; any other says that it has failed."""
CHECK_SECONDS = 2.0
QUIET_SECONDS = 5.0
"""Between two requests that make one lab lies less."""
_RETRY_AFTER = b"3"


def resident_mib() -> int:
    """Memory of this process; 0 where it cannot be told."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS:")), 0)


def live_stacks() -> int:
    """Stacks of all accounts and regions that are not deleted."""
    from ministack.services import cloudformation

    stacks = list(cloudformation._stacks._data.values())
    return sum(1 for stack in stacks if stack.get("StackStatus") != "DELETE_COMPLETE")


class Recycler:
    def __init__(self, most_mib: int, live: Callable[[], int] = live_stacks, now: Callable[[], float] = time.monotonic):
        """`most_mib` of 0 lets it grow."""
        self._most = most_mib
        self._live = live
        self._now = now
        self._under_way = 0
        self._last = now()
        self.closing = False

    def app(self, app: App) -> App:
        """Wrap the emulator's application."""

        async def counted(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await app(scope, receive, send)
            elif self.closing:
                await _not_now(scope, send)
            else:
                self._under_way += 1
                try:
                    await app(scope, receive, send)
                finally:
                    self._under_way -= 1
                    self._last = self._now()

        return counted

    def work_comes(self) -> bool:
        """A lab is about to be made: that counts as a request. False if this process is about to end."""
        self._last = self._now()
        return not self.closing

    def may_end(self, mib: int) -> bool:
        """Whether nothing would be lost. To be asked, and acted upon, in the event loop that serves requests."""
        quiet = self._now() - self._last >= QUIET_SECONDS
        return 0 < self._most < mib and quiet and not self._under_way and not self._live()

    async def until_large_and_idle(self) -> str:
        """Waits until the process shall end; returns the line to log."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            mib = resident_mib()
            if self.may_end(mib):
                self.closing = True
                return f"recycled: {mib} MiB, idle"


async def _not_now(scope: MutableMapping[str, Any], send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1012})
        return
    body = json.dumps({"message": "The embedded AWS is restarting. Try again in a moment."}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 503, "headers": [*headers, (b"retry-after", _RETRY_AFTER)]})
    await send({"type": "http.response.body", "body": body})
