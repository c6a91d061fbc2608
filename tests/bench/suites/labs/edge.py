"""What the edge costs: the same warm function asked through the site and at the emulator itself, in turns.

Both ways share the machine, the client and the moment, so that only their difference is told.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator

from tests.bench.bench_site import BenchSite, First
from tests.bench.figures import Figure, percentile
from tests.support.site import ROOT

ENVIRONMENT = {"CONTENT_DIR": str(ROOT / "tests/labs/content")}
PATTERN = "postbox"
"""Its gateway throttles nobody."""
REQUEST = First("GET", "/look", {}, None, 200)
PAIRS = 600
ROUNDS = 6
ROUND_SECONDS = 2.0


async def measure(site: BenchSite) -> AsyncIterator[Figure]:
    lab = await site.run_it(PATTERN)
    edge, direct = site.url + lab.path, lab.upstream
    for _ in range(100):
        for address in (edge, direct):
            await site.call(address, REQUEST)

    samples: dict[str, list[float]] = {edge: [], direct: []}
    failed = 0
    for pair in range(PAIRS):
        for address in (edge, direct) if pair % 2 else (direct, edge):
            right, ms = await site.call(address, REQUEST)
            samples[address].append(ms)
            failed += not right
    through, straight = percentile(samples[edge], 50), percentile(samples[direct], 50)
    yield Figure("a warm call at the emulator, p50", straight, "ms", PAIRS, failed)
    yield Figure("a warm call through the edge, p50", through, "ms", PAIRS, failed)
    yield Figure("added by the edge, p50", through - straight, "ms", PAIRS, failed, "at most", 1.5)
    added_late = percentile(samples[edge], 95) - percentile(samples[direct], 95)
    yield Figure("added by the edge, p95", added_late, "ms", PAIRS, failed)

    for clients in (1, 4, 8):
        rates: dict[str, list[float]] = {edge: [], direct: []}
        failed = 0
        for turn in range(ROUNDS):
            for address in (edge, direct) if turn % 2 else (direct, edge):
                rate, wrong = await _throughput(site, address, clients)
                rates[address].append(rate)
                failed += wrong
        who = f"{clients} client{'s' if clients > 1 else ''}"
        yield Figure(f"emulator, {who}", statistics.median(rates[direct]), "requests/s", ROUNDS, failed)
        yield Figure(f"edge, {who}", statistics.median(rates[edge]), "requests/s", ROUNDS, failed)
        # Round by round: the emulator slows down with every call, since it keeps the log in order by merging.
        ratio = statistics.median(a / b for a, b in zip(rates[edge], rates[direct], strict=True)) * 100
        yield Figure(f"throughput kept, {who}", ratio, "%", ROUNDS, failed, "at least", 85)


async def _throughput(site: BenchSite, address: str, clients: int) -> tuple[float, int]:
    """Answers a second with so many clients, each sending its next request after the answer; and the wrong ones."""
    answered = wrong = 0
    started = time.perf_counter()

    async def client() -> None:
        nonlocal answered, wrong
        while time.perf_counter() - started < ROUND_SECONDS:
            right, _ = await site.call(address, REQUEST)
            answered += 1
            wrong += not right

    await asyncio.gather(*(client() for _ in range(clients)))
    return answered / (time.perf_counter() - started), wrong
