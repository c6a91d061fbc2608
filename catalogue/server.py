"""The web server as a command line: uvicorn with our protocol, which answers kept pages by itself."""

import sys


def command(host: str, port: int, workers: int = 1) -> list[str]:
    """The address of a client is read from the connection, and from headers only as TRUSTED_PROXIES says."""
    return [
        *(sys.executable, "-m", "uvicorn", "catalogue.asgi:application"),
        *("--host", host, "--port", str(port), "--workers", str(workers)),
        *("--loop", "uvloop", "--http", "catalogue.pages.protocol:PagesProtocol", "--ws", "none"),
        *("--no-proxy-headers", "--no-server-header", "--no-access-log", "--log-level", "warning"),
        *("--timeout-keep-alive", "30", "--timeout-graceful-shutdown", "2"),
    ]
