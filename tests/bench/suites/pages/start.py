"""`manage.py up` until its first page: what was there before is kept, as it is when an operator starts it again."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from tests.bench.bench_site import environment
from tests.bench.figures import Figure, percentile
from tests.support.site import free_port, running_site

TIMES = 5
KINDS = {"DEBUG=0": environment(), "DEBUG=1": {"DEBUG": "1"}}


async def measure_alone() -> AsyncIterator[Figure]:
    for kind, settings in KINDS.items():
        with TemporaryDirectory(prefix="bench-start-") as folder:
            first, failed = await _start(Path(folder), settings)
            warm: list[float] = []
            for _ in range(TIMES):
                seconds, wrong = await _start(Path(folder), settings)
                warm.append(seconds)
                failed += wrong
        yield Figure(f"the very first start to its first page, {kind}", first, "s", 1, failed)
        yield Figure(f"a start to its first page, {kind}", percentile(warm, 50), "s", TIMES, failed, "at most", 3)


async def _start(var: Path, settings: dict[str, str]) -> tuple[float, int]:
    """Seconds until the home page was there in full, and whether it was wrong."""
    port = free_port()
    started = time.perf_counter()
    asked = asyncio.create_task(_first_page(f"http://127.0.0.1:{port}/", started))
    site = running_site(var, port, **settings)
    await asyncio.to_thread(site.__enter__)
    try:
        return await asyncio.wait_for(asked, 60)
    finally:
        await asyncio.to_thread(site.__exit__, None, None, None)


async def _first_page(url: str, started: float) -> tuple[float, int]:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url, headers={"Accept": "text/html"}) as answer:
                    page = await answer.read()
                    return time.perf_counter() - started, int(answer.status != 200 or b"</html>" not in page)
            except aiohttp.ClientError:
                await asyncio.sleep(0.01)
