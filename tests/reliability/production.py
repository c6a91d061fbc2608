"""The site as it stands on the internet: DEBUG off, its pages built, its mail taken by a server of the test's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.bench.bench_site import BenchSite
from tests.newsletter.support.smtp_sink import smtp_sink
from tests.reliability.visitors import PATTERN

BUILD_SECONDS = 120


@asynccontextmanager
async def production(workers: int = 1, /, **more: str) -> AsyncIterator[BenchSite]:
    """A fresh site whose pages are built; `more` goes into its environment."""
    with smtp_sink() as sink:
        mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(sink.port), "NEWSLETTER_SUBSCRIBES_PER_HOUR": "100000"}
        async with BenchSite.running(workers, **(mail | more)) as site:
            await built(site.url)
            yield site


async def built(url: str) -> None:
    """Wait until pages are answered as they have been built: compressed. Raises TimeoutError."""
    headers: dict[str, Any] = {"Accept-Encoding": "br"}
    async with asyncio.timeout(BUILD_SECONDS), aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{url}/patterns/{PATTERN}/", headers=headers) as page:
                await page.read()
                if page.headers.get("Content-Encoding") == "br":
                    return
            await asyncio.sleep(0.2)
