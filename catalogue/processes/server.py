"""The web server's process: uvicorn with our protocol, which answers kept pages by itself.

`python -m catalogue.processes.server --fd N` serves on a listening socket that it inherits, so that several processes
share one and each can be replaced alone; `--host H --port P` opens one. It sends heartbeats (`processes.heartbeat`)
while its loop runs. At SIGTERM it accepts no further connection, ends event streams (their readers reconnect by
themselves), and finishes what else is under way within `GRACEFUL_SECONDS`.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from catalogue.base import env

if TYPE_CHECKING:
    import uvicorn

GRACEFUL_SECONDS = 10


def command(listening: int) -> list[str]:
    """The command line of a server on an inherited listening socket."""
    return [sys.executable, "-m", "catalogue.processes.server", "--fd", str(listening)]


def command_at(host: str, port: int) -> list[str]:
    """The command line of a server on an address of its own."""
    return [sys.executable, "-m", "catalogue.processes.server", "--host", host, "--port", str(port)]


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError, OverflowError."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
    except BaseException:
        listening.close()
        raise
    return listening


def free_port() -> int:
    """A port of this machine that nothing listens on, at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--fd", type=int, help="number of an inherited listening socket")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    try:
        listening = listen(options.host, options.port) if options.fd is None else socket.socket(fileno=options.fd)
    except OSError as error:
        raise SystemExit(f"Port {options.port} on {options.host} cannot be used: {error.strerror}.") from None
    serve(listening)


def configuration(beat: Callable[[], Awaitable[None]] | None = None) -> uvicorn.Config:
    """uvicorn with our protocol. `beat` is called each time that its loop comes round, about once a second."""
    # The supervisor imports this module for its commands and serves nothing.
    import uvicorn

    # As above.
    from catalogue.web.front.limits import MOST_SOCKET_MESSAGE

    protocol = "logged_protocol:LoggedPagesProtocol" if env.flag("ACCESS_LOG", False) else "protocol:PagesProtocol"
    # The address of a client is read from the connection, and from headers only as TRUSTED_PROXIES says.
    return uvicorn.Config(
        "catalogue.asgi:application",
        loop="uvloop",
        http=f"catalogue.pages.serving.{protocol}",
        ws="none",  # the protocol hands over to `web.front.sockets` by itself
        ws_max_size=MOST_SOCKET_MESSAGE,
        ws_per_message_deflate=False,  # a small frame could become a large message
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        callback_notify=beat,
        timeout_notify=0,  # seconds
    )


def serve(listening: socket.socket, began: Callable[[], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT. `began` is called once the server accepts connections."""
    server = made_server(began)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    if not server.started:
        raise SystemExit(3)


def made_server(began: Callable[[], None] | None = None) -> uvicorn.Server:
    """A server of the site, which serves nothing yet."""
    # The supervisor imports this module for its commands and serves nothing.
    import uvicorn

    # As above.
    from catalogue.processes import draining, heartbeat

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if began is not None:
                began()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            draining.begin()
            await super().shutdown(sockets)

    async def beat() -> None:
        heartbeat.beat()

    config = configuration(beat)
    config.load_app()  # outside of the loop, where imports may take their time
    return Server(config)


if __name__ == "__main__":
    main()
