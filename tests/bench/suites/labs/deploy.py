"""*Run it*, the first answer of a cold lab, and fifty visitors at the same moment."""

import asyncio
import time
from collections.abc import AsyncIterator

from tests.bench.bench_site import BenchLab, BenchSite, LabFailed, first_request, runnable_patterns
from tests.bench.figures import Figure, percentile

ROUNDS = 6
AT_ONCE = 50
ONE_FUNCTION = "function-as-a-web-service"


async def measure(site: BenchSite) -> AsyncIterator[Figure]:
    patterns = runnable_patterns()
    for pattern in patterns:  # a warm site: everybody's first visitor has been there
        await site.delete(await site.run_it(pattern))

    ready: list[float] = []
    cold: list[float] = []
    failed = wrong = 0
    for _ in range(ROUNDS):
        for pattern in patterns:
            try:
                lab = await site.run_it(pattern)
            except LabFailed:
                failed += 1
                continue
            ready.append(lab.ms)
            right, ms = await site.call(site.url + lab.path, first_request(pattern))
            cold.append(ms)
            wrong += not right
            await site.delete(lab)
    n = len(ready)
    yield Figure("Run it until ready, p50", percentile(ready, 50), "ms", n, failed, "at most", 250)
    yield Figure("Run it until ready, p95", percentile(ready, 95), "ms", n, failed, "at most", 600)
    yield Figure("first answer of a cold lab, p50", percentile(cold, 50), "ms", len(cold), wrong, "at most", 700)
    yield Figure("first answer of a cold lab, p95", percentile(cold, 95), "ms", len(cold), wrong)

    started = time.perf_counter()
    made = await asyncio.gather(*(site.run_it(ONE_FUNCTION) for _ in range(AT_ONCE)), return_exceptions=True)
    seconds = time.perf_counter() - started
    labs = [lab for lab in made if isinstance(lab, BenchLab)]
    name = f"{AT_ONCE} labs at the same moment, all ready"
    yield Figure(name, seconds, "s", len(labs), AT_ONCE - len(labs), "at most", 5)
