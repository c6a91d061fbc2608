"""1, 10 and 100 labs of one function each, deployed and called: what each takes, and that none is lost."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.bench import machine
from tests.bench.bench_site import BenchLab, BenchSite, LabFailed, first_request
from tests.bench.figures import Figure

SIZES = (1, 10, 100)
LABS = SIZES[-1]
LINEAR = 1.25
"""A lab more may cost so many times what it cost between the sizes before, as with pages."""
PATTERN = "function-as-a-web-service"


@dataclass(frozen=True)
class Size:
    labs: int
    seconds: float
    """From the first lab's request until the last one's first call was answered."""
    mib: float


async def measure(site: BenchSite) -> AsyncIterator[Figure]:
    request = first_request(PATTERN)
    empty = await _memory(site)
    labs: list[BenchLab] = []
    sizes = [Size(0, 0, empty)]
    failed = 0
    started = time.perf_counter()
    measuring = 0.0
    for number in range(1, LABS + 1):
        try:
            labs.append(await site.run_it(PATTERN))
            right, _ = await site.call(site.url + labs[-1].path, request)
            failed += not right
        except LabFailed:
            failed += 1
        if number in SIZES:
            before = time.perf_counter()
            sizes.append(Size(number, before - started - measuring, await _memory(site)))
            measuring += time.perf_counter() - before
    processes = len(machine.tree(site.pid))
    again = [await site.call(site.url + lab.path, request) for lab in labs]
    lost = LABS - sum(right for right, _ in again)

    yield Figure("the site without labs", empty, "MiB", 1)
    yield Figure(f"the site with {LABS} labs called", sizes[-1].mib, "MiB", len(labs), failed, "at most", 3 * 1024)
    yield Figure("its processes", processes, "", 1)
    yield Figure(f"of {LABS} labs lost", lost, "", len(again), failed, "at most", 0)
    for figure in slopes(sizes, failed):
        yield figure


def slopes(sizes: Sequence[Size], failed: int) -> Iterator[Figure]:
    """What each further lab costs between one size and the next, and how that grows. The first size is the site alone;
    the lab after that starts what all share."""
    seconds: list[float] = []
    memory: list[float] = []
    for fewer, more in pairwise(sizes):
        new = more.labs - fewer.labs
        name = f"each lab from {fewer.labs} to {more.labs}"
        seconds.append((more.seconds - fewer.seconds) / new)
        memory.append((more.mib - fewer.mib) / new)
        yield Figure(f"{name}: ready and called", seconds[-1] * 1000, "ms", new, failed)
        yield Figure(f"{name}: memory", memory[-1], "MiB", new, failed)
    for what, costs in (("time", seconds), ("memory", memory)):
        growth = costs[-1] / costs[-2] if costs[-2] else math.nan
        yield Figure(f"cost of a lab, many to few: {what}", growth, "×", len(sizes) - 1, failed, "at most", LINEAR)


async def _memory(site: BenchSite) -> float:
    return await asyncio.to_thread(lambda: machine.memory_mib(machine.tree(site.pid)))
