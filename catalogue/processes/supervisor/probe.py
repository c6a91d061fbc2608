"""Asks a server over HTTP whether it is well, without a client library: the supervisor stays small."""

import asyncio
from urllib.parse import urlsplit


async def answers(url: str, seconds: float) -> bool:
    """Whether an http:// URL answers 200 within so many seconds."""
    parts = urlsplit(url)
    request = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    writer = None
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
            writer.write(request.encode())
            await writer.drain()
            return (await reader.read(12))[8:] == b" 200"
    except (OSError, TimeoutError):
        return False
    finally:
        if writer is not None:
            writer.transport.abort()
