"""A hundred labs of one function each, deployed and called: what they take, and that none is lost."""

import asyncio
from collections.abc import AsyncIterator

from tests.bench import machine
from tests.bench.bench_site import BenchLab, BenchSite, LabFailed, first_request
from tests.bench.figures import Figure

LABS = 100
PATTERN = "function-as-a-web-service"


async def measure(site: BenchSite) -> AsyncIterator[Figure]:
    request = first_request(PATTERN)
    empty = await asyncio.to_thread(lambda: machine.memory_mib(machine.tree(site.pid)))
    labs: list[BenchLab] = []
    failed = 0
    for _ in range(LABS):
        try:
            labs.append(await site.run_it(PATTERN))
        except LabFailed:
            failed += 1
    called = [await site.call(site.url + lab.path, request) for lab in labs]
    failed += sum(not right for right, _ in called)
    full = await asyncio.to_thread(lambda: machine.memory_mib(machine.tree(site.pid)))
    processes = len(machine.tree(site.pid))
    again = [await site.call(site.url + lab.path, request) for lab in labs]
    lost = LABS - sum(right for right, _ in again)

    yield Figure("the site without labs", empty, "MiB", 1)
    yield Figure(f"the site with {LABS} labs called", full, "MiB", len(labs), failed, "at most", 3 * 1024)
    yield Figure("its processes", processes, "", 1)
    yield Figure(f"of {LABS} labs lost", lost, "", len(again), failed, "at most", 0)
