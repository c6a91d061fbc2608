"""500 clients that send one byte a second and 500 idle streams, while others read pages."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from tests.bench.figures import Figure, percentile
from tests.reliability.options import Options
from tests.reliability.production import production
from tests.reliability.visitors import addresses, visitor

SLOW = STREAMS = 500
LABS = 100
SECONDS = 60.0
PATTERN = "function-as-a-web-service"
LIMIT = {"LABS_STREAMS": "600", "LABS_STREAMS_PER_LAB": "10"}


async def run(options: Options) -> AsyncIterator[Figure]:
    seconds = options.minutes * 60 if options.minutes else SECONDS
    async with production(1, **LIMIT) as site:
        labs = [(await site.run_it(PATTERN)).id for _ in range(LABS)]
        port = int(site.url.rsplit(":", 1)[1])
        source = addresses()
        stop = asyncio.Event()
        slow = [asyncio.create_task(_slow(next(source), port, stop)) for _ in range(SLOW)]
        streams = [asyncio.create_task(_stream(site.url, labs[n % LABS], next(source), stop)) for n in range(STREAMS)]
        await asyncio.sleep(5)
        ms: list[float] = []
        failed = 0
        ends = time.monotonic() + seconds
        async with visitor("127.0.9.9") as reader:
            while time.monotonic() < ends:
                started = time.perf_counter()
                try:
                    async with reader.get(f"{site.url}/patterns/{PATTERN}/") as page:
                        await page.read()
                        failed += page.status != 200
                except (OSError, TimeoutError):
                    failed += 1
                ms.append((time.perf_counter() - started) * 1000)
                await asyncio.sleep(0.05)
        open_streams = sum(not task.done() for task in streams)
        closed = sum(task.done() for task in slow)
        stop.set()
        await asyncio.gather(*slow, *streams, return_exceptions=True)
    yield Figure("a page beside 500 slow clients and 500 streams, p50", percentile(ms, 50), "ms", len(ms), failed)
    yield Figure("the same, p99", percentile(ms, 99), "ms", len(ms), failed, "at most", 50)
    yield Figure("streams still open at the end", open_streams, "", STREAMS, 0, "at least", STREAMS)
    yield Figure("slow clients that were let go", closed, "", SLOW, 0, "at least", SLOW)


async def _slow(address: str, port: int, stop: asyncio.Event) -> None:
    """Send a request's head one byte a second until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    closed = asyncio.create_task(reader.read())
    with suppress(OSError):
        for byte in b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " + b"x" * 10_000:
            if stop.is_set() or closed.done():
                break
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.wait([closed], timeout=1)
    closed.cancel()
    writer.close()


async def _stream(url: str, lab: str, address: str, stop: asyncio.Event) -> None:
    async with visitor(address) as session, session.get(f"{url}/labs/{lab}/events", timeout=None) as stream:
        if stream.status != 200:
            return
        ended = asyncio.create_task(stream.content.read(-1))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([ended, stopped], return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        stopped.cancel()
