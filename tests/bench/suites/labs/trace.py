"""How long after it happened an event of the trace reaches somebody who watches."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator

from tests.bench.bench_site import BenchLab, BenchSite, first_request
from tests.bench.figures import Figure, percentile

CALLS = 60
PATTERN = "function-as-a-web-service"
KINDS = ("request", "log")


async def measure(site: BenchSite) -> AsyncIterator[Figure]:
    lab = await site.run_it(PATTERN)
    request = first_request(PATTERN)
    for _ in range(3):
        await site.call(site.url + lab.path, request)
    delays: dict[str, list[float]] = {kind: [] for kind in KINDS}
    watching = asyncio.create_task(_watch(site, lab, delays))
    await asyncio.sleep(3)
    for waited in delays.values():
        waited.clear()  # the history
    failed = 0
    for _ in range(CALLS):
        right, _ms = await site.call(site.url + lab.path, request)
        failed += not right
        await asyncio.sleep(random.uniform(0.1, 0.6))
    await asyncio.sleep(2)
    watching.cancel()
    for kind, label in zip(KINDS, ("a request", "a line of a function's log"), strict=True):
        missing = failed + max(0, CALLS - len(delays[kind]))
        n = len(delays[kind])
        yield Figure(f"{label} in the trace, p50", percentile(delays[kind], 50), "ms", n, missing, "at most", 300)
        yield Figure(f"{label} in the trace, p95", percentile(delays[kind], 95), "ms", n, missing, "at most", 300)


async def _watch(site: BenchSite, lab: BenchLab, delays: dict[str, list[float]]) -> None:
    """Note for each event the milliseconds since what it tells of was over."""
    kind = ""
    async with site.session.get(f"{site.url}/labs/{lab.id}/events", timeout=None) as stream:
        async for line in stream.content:
            now = time.time()
            name, _, value = line.decode().strip().partition(": ")
            if name == "event":
                kind = value
            elif name == "data" and kind in delays:
                data = json.loads(value)
                over = data["at"] + (data["ms"] / 1000 if kind == "request" else 0)
                delays[kind].append((now - over) * 1000)
