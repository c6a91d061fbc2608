"""The emulator's HTTP server: uvicorn with a parser in C, since MiniStack's own takes a quarter of a call's time."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from typing import Any, cast

import uvicorn

KEEP_ALIVE_SECONDS = 75
GRACE_SECONDS = 0.2
"""For requests under way at the end: what they would change is gone with the process."""


class _Server(uvicorn.Server):
    """Leaves signals to the host."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: Any, listening: Sequence[socket.socket], stop: asyncio.Event) -> None:
    """Serve the ASGI application on these sockets until `stop` is set."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="wsproto",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # MiniStack reads an address from the connection
        server_header=False,  # AWS's answers have none, and MiniStack adds the date
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=cast("Any", GRACE_SECONDS),  # handed to asyncio.wait_for
        ws_ping_interval=None,
    )
    server = _Server(config)

    async def end() -> None:
        await stop.wait()
        server.should_exit = True

    ending = asyncio.create_task(end())
    try:
        await server.serve(list(listening))
    finally:
        ending.cancel()
