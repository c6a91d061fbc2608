"""The emulator is killed: how soon the supervisor has it back, and how soon after that a fresh lab is ready."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from tests.bench import machine
from tests.bench.bench_site import BenchSite, LabFailed
from tests.bench.figures import Figure, percentile

TIMES = 5
PATTERN = "function-as-a-web-service"
_PATIENCE_SECONDS = 30


async def measure(site: BenchSite) -> AsyncIterator[Figure]:
    back: list[float] = []
    fresh: list[float] = []
    failed = 0
    for _ in range(TIMES):
        lab = await site.run_it(PATTERN)
        address = lab.upstream.split("/_aws/")[0] + "/_catalogue/boot"
        os.kill(_emulator(site), signal.SIGKILL)
        killed = time.perf_counter()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await _answers(site, address)
                returned = time.perf_counter()
                await _fresh_lab(site)
        except TimeoutError:
            failed += 1
            continue
        back.append(returned - killed)
        fresh.append(time.perf_counter() - returned)
    yield Figure("the emulator killed, back again", percentile(back, 100), "s", len(back), failed, "at most", 3)
    yield Figure("and a fresh lab ready after that", percentile(fresh, 100), "s", len(fresh), failed, "at most", 2)


def _emulator(site: BenchSite) -> int:
    return next(
        pid
        for pid in machine.tree(site.pid)
        if b"catalogue.labs.embedded.host" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )


async def _answers(site: BenchSite, address: str) -> None:
    while True:
        try:
            async with site.session.get(address, timeout=aiohttp.ClientTimeout(total=1)) as answer:
                if answer.status == 200:
                    return
        except (aiohttp.ClientError, TimeoutError):
            await asyncio.sleep(0.02)


async def _fresh_lab(site: BenchSite) -> None:
    """Ask as a visitor does who presses *Run it* again, until there is one."""
    while True:
        try:
            await site.run_it(PATTERN)
            return
        except LabFailed:
            await asyncio.sleep(0.1)
