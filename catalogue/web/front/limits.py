"""The numbers: what one request, one connection, one client and one web process may use."""

from dataclasses import dataclass
from typing import Self

from django.conf import settings

MOST_HEAD = 32 * 1024
"""Bytes of a request's line and headers together. Labs' endpoints take fewer: API Gateway's 10,240."""
MOST_TARGET = 8 * 1024
"""Bytes of a request target. RFC 9112 (section 3) asks servers to accept at least 8,000."""
MOST_HEADERS = 100
"""Header lines of one request."""
MOST_PIPELINED = 32
"""Requests of one connection that wait for the one before."""
MOST_BODY_OF_GET = 8 * 1024
"""Bytes of a GET or HEAD request's body, which nothing here reads (RFC 9110, section 9.3.1)."""
MOST_LIVE_BODY = 10 * 1024 * 1024
"""Bytes of a body to a lab's endpoint: API Gateway's limit, which the edge checks and answers itself."""
MOST_SOCKET_MESSAGE = 128 * 1024
"""Bytes of a WebSocket's message: API Gateway's limit, past which it closes with 1009 (RFC 6455, section 7.4.1).
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
(opened 2026-12-01)"""
LEAST_BODY_RATE = 1000
"""Bytes a second that a body must arrive with, on average, once its grace period is over."""
LEAST_WRITTEN = 16 * 1024
"""Bytes that a client must take of its answers within each `write_seconds`."""
LINGER_SECONDS = 1.0
"""How long a refused connection is read and its data dropped, so that the client gets to read the answer."""
MOST_LINGERED = 64 * 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """The limits that settings change; seconds and counts."""

    connections: int
    """Of one web process; `descriptors.py` may lower it."""
    connections_per_address: int
    head_seconds: float
    body_seconds: float
    """After so long a body must keep to LEAST_BODY_RATE, and after twelve times as long it must be whole."""
    idle_seconds: float
    write_seconds: float
    body: int
    """Bytes of a body to Django."""
    bodies: int
    """Bytes of all bodies to Django that one web process holds."""
    live_bodies: int
    """Bytes of all bodies to labs' endpoints that one web process holds."""

    @classmethod
    def of_settings(cls) -> Self:
        return cls(
            connections=settings.HTTP_CONNECTIONS,
            connections_per_address=settings.HTTP_CONNECTIONS_PER_ADDRESS,
            head_seconds=settings.HTTP_HEAD_SECONDS,
            body_seconds=settings.HTTP_BODY_SECONDS,
            idle_seconds=settings.HTTP_IDLE_SECONDS,
            write_seconds=settings.HTTP_WRITE_SECONDS,
            body=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
            bodies=settings.HTTP_BODIES_MB * 1_000_000,
            live_bodies=settings.HTTP_LIVE_BODIES_MB * 1_000_000,
        )
