"""What it costs to watch labs: processor time of the whole site, and beside an earlier build if there is one.

`BENCH_BEFORE=/path/to/an/earlier/checkout python -m tests.bench --only labs_watching` measures both builds in turns and
adds the ratios. Without it there are the present build's figures alone.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.bench import machine
from tests.bench.bench_site import BenchLab, BenchSite, First, first_request
from tests.bench.figures import Figure
from tests.bench.suites.labs import trace as labs_trace
from tests.support.site import ROOT

PATTERN = "function-as-a-web-service"
IDLE_LABS = 100
BUSY_LABS = 10
STREAMS_PER_LAB = 5
SETTLE_SECONDS = 15.0
IDLE_SECONDS = 20.0
BUSY_SECONDS = 15.0
BUSY_PAUSE = 0.5
"""Between two calls of a busy lab."""
ENVIRONMENT = {"LABS_STREAMS": "600"}


@dataclass
class Costs:
    """Processor time in seconds a second."""

    idle: float
    without_watchers: float
    """Of the idle labs."""
    busy: float
    busy_without_watchers: float
    failed: int
    trace: Sequence[Figure]


async def measure_alone() -> AsyncIterator[Figure]:
    now = await _costs(ROOT)
    before = await _costs(Path(given)) if (given := os.environ.get("BENCH_BEFORE")) else None
    for build, costs in (("", now), ("the build before: ", before)):
        if costs is None:
            continue
        streams = f"{IDLE_LABS * STREAMS_PER_LAB} streams over {IDLE_LABS} idle labs"
        yield Figure(f"{build}{streams}", costs.idle, "cores", 1, costs.failed)
        yield Figure(f"{build}the same without streams", costs.without_watchers, "cores", 1, costs.failed)
        yield Figure(f"{build}{BUSY_LABS} busy labs watched", costs.busy, "cores", 1, costs.failed)
        yield Figure(f"{build}the same without streams", costs.busy_without_watchers, "cores", 1, costs.failed)
        for figure in costs.trace:
            yield Figure(f"{build}{figure.name}", figure.value, figure.unit, figure.samples, figure.failed)
    if before is not None:
        failed = now.failed + before.failed
        yield Figure("idle labs: now to before", now.idle / before.idle, "×", 1, failed, "at most", 0.15)
        yield Figure("busy labs: now to before", now.busy / before.busy, "×", 1, failed, "at most", 0.5)
        watching = (now.busy - now.busy_without_watchers) / (before.busy - before.busy_without_watchers)
        yield Figure("busy labs, their calls left out: now to before", watching, "×", 1, failed)


async def _costs(root: Path) -> Costs:
    async with BenchSite.running(1, root, **ENVIRONMENT) as site:
        request = first_request(PATTERN)
        trace = [figure async for figure in labs_trace.measure(site)]
        labs = [await site.run_it(PATTERN) for _ in range(IDLE_LABS)]
        failed = sum([not (await site.call(site.url + lab.path, request))[0] for lab in labs])
        await asyncio.sleep(SETTLE_SECONDS)
        without = await _cores(site, IDLE_SECONDS)
        async with _watched(site, labs) as streams:
            await asyncio.sleep(SETTLE_SECONDS)
            idle = await _cores(site, IDLE_SECONDS)
            failed += streams.ended
        busy_labs = labs[:BUSY_LABS]
        busy_without, wrong = await _while_called(site, busy_labs, request)
        failed += wrong
        async with _watched(site, busy_labs) as streams:
            await asyncio.sleep(2)
            busy, wrong = await _while_called(site, busy_labs, request)
            failed += wrong + streams.ended
    return Costs(idle, without, busy, busy_without, failed, trace)


async def _cores(site: BenchSite, seconds: float) -> float:
    pids = machine.tree(site.pid)
    started, before = time.perf_counter(), machine.processor_seconds(pids)
    await asyncio.sleep(seconds)
    return (machine.processor_seconds(pids) - before) / (time.perf_counter() - started)


async def _while_called(site: BenchSite, labs: Sequence[BenchLab], request: First) -> tuple[float, int]:
    """Cores taken while each lab is called again and again, and how many calls went wrong."""
    wrong = 0
    over = time.monotonic() + 1 + BUSY_SECONDS

    async def calls(lab: BenchLab, after: float) -> None:
        nonlocal wrong
        await asyncio.sleep(after)
        while time.monotonic() < over:
            right, _ = await site.call(site.url + lab.path, request)
            wrong += not right
            await asyncio.sleep(BUSY_PAUSE)

    callers = [asyncio.create_task(calls(lab, BUSY_PAUSE * n / len(labs))) for n, lab in enumerate(labs)]
    await asyncio.sleep(1)
    cores = await _cores(site, BUSY_SECONDS - 1)
    await asyncio.gather(*callers)
    return cores, wrong


class Streams:
    ended = 0


@asynccontextmanager
async def _watched(site: BenchSite, labs: Sequence[BenchLab]) -> AsyncIterator[Streams]:
    """Every lab watched by STREAMS_PER_LAB streams, each of which has had its first event."""
    streams = Streams()

    async def read(stream: aiohttp.ClientResponse, first: asyncio.Event) -> None:
        async for line in stream.content:
            if line.startswith(b"event: state"):
                first.set()
        streams.ended += 1

    async with AsyncExitStack() as stack:
        tasks, firsts = [], []
        for lab in labs:
            for _ in range(STREAMS_PER_LAB):
                opened = site.session.get(f"{site.url}/labs/{lab.id}/events", timeout=None)
                stream = await stack.enter_async_context(opened)
                firsts.append(asyncio.Event())
                tasks.append(asyncio.create_task(read(stream, firsts[-1])))
        async with asyncio.timeout(120):
            await asyncio.gather(*(first.wait() for first in firsts))
        yield streams
        ended = streams.ended
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        streams.ended = ended
