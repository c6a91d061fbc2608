"""What a quiet lab notices of a busy one: its calls alone, and beside a lab that eight clients call without a pause.

Both go through the edge, in turns. The busy lab's clients are wrk, so that they share no processor time with the quiet
lab's client but the machine's.
"""

import asyncio
from collections.abc import AsyncIterator

from tests.bench.bench_site import BenchSite, First
from tests.bench.figures import Figure, percentile, skip
from tests.bench.pages import load
from tests.support.site import ROOT

ENVIRONMENT = {"CONTENT_DIR": str(ROOT / "tests/labs/content")}
PATTERN = "postbox"
REQUEST = First("GET", "/look", {}, None, 200)
BUSY_CLIENTS = 8
ROUNDS = 4
ROUND_SECONDS = 5.0
PAUSE_SECONDS = 0.02
GOAL = 3.0
NAME = "a quiet lab's p95 beside a busy one, of its own alone"


async def measure(site: BenchSite) -> AsyncIterator[Figure]:
    if reason := load.missing():
        yield skip(NAME, reason, "at most", GOAL)
        return
    busy, quiet = await site.run_it(PATTERN), await site.run_it(PATTERN)
    busy_url = site.url + busy.path + REQUEST.path
    await asyncio.to_thread(load.clients, busy_url, 2, BUSY_CLIENTS, 200)  # the first calls are cold
    await _calls(site, site.url + quiet.path, 1)
    alone: list[float] = []
    beside: list[float] = []
    failed = 0
    rates: list[float] = []
    for _ in range(ROUNDS):
        samples, wrong = await _calls(site, site.url + quiet.path, ROUND_SECONDS)
        alone += samples
        failed += wrong
        traffic = asyncio.create_task(asyncio.to_thread(load.clients, busy_url, ROUND_SECONDS + 1, BUSY_CLIENTS, 200))
        await asyncio.sleep(0.5)
        samples, wrong = await _calls(site, site.url + quiet.path, ROUND_SECONDS)
        beside += samples
        measured = await traffic
        rates.append(measured.per_second)
        failed += wrong + measured.failed
    yield Figure("a quiet lab alone, p50", percentile(alone, 50), "ms", len(alone), failed)
    yield Figure("a quiet lab alone, p95", percentile(alone, 95), "ms", len(alone), failed)
    yield Figure("a quiet lab beside a busy one, p50", percentile(beside, 50), "ms", len(beside), failed)
    yield Figure("a quiet lab beside a busy one, p95", percentile(beside, 95), "ms", len(beside), failed)
    yield Figure("the busy lab meanwhile", percentile(rates, 50), "requests/s", ROUNDS, failed)
    ratio = percentile(beside, 95) / percentile(alone, 95)
    yield Figure(NAME, ratio, "×", len(beside), failed, "at most", GOAL)


async def _calls(site: BenchSite, address: str, seconds: float) -> tuple[list[float], int]:
    """Milliseconds of one client's calls, with a pause after each, and how many went wrong."""
    samples: list[float] = []
    wrong = 0
    loop = asyncio.get_running_loop()
    over = loop.time() + seconds
    while loop.time() < over:
        right, ms = await site.call(address, REQUEST)
        samples.append(ms)
        wrong += not right
        await asyncio.sleep(PAUSE_SECONDS)
    return samples, wrong
