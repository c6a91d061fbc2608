"""What the embedded AWS answers with many clients of one function, and beside an earlier build if there is one.

`BENCH_BEFORE=/path/to/an/earlier/checkout python -m tests.bench --only labs_emulator` measures both in turns and adds
the ratios. The client is wrk, straight at the emulator, without the site.
"""

import asyncio
import os
import statistics
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

from tests.bench import bare_emulator
from tests.bench.bare_emulator import BareEmulator, web_function
from tests.bench.figures import Figure, skip
from tests.bench.pages import load
from tests.support.site import ROOT

CLIENTS = {1: 1.0, 8: 2.0, 32: 2.0}
"""With the goal of their ratio to the build before."""
ROUNDS = 5
ROUND_SECONDS = 2.0
HANDLER = """
import json, time
import boto3

def handler(event, context):
    print(json.dumps({"at": time.time(), "step": "request.received", "path": event["path"]}))
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps({"event": event})}
"""


async def measure_alone() -> AsyncIterator[Figure]:
    if reason := load.missing():
        for clients in CLIENTS:
            yield skip(f"embedded AWS, {clients} clients", reason)
        return
    before = os.environ.get("BENCH_BEFORE")
    with ExitStack() as stack:
        urls = {"": _url(stack.enter_context(bare_emulator.running(ROOT)))}
        if before:
            urls["the build before: "] = _url(stack.enter_context(bare_emulator.running(Path(before))))
        for clients, goal in CLIENTS.items():
            for figure in await asyncio.to_thread(_measured, urls, clients, goal):
                yield figure
    for figure in await asyncio.to_thread(_two_emulators):
        yield figure


def _url(emulator: BareEmulator) -> str:
    return f"{emulator.url}/_aws/execute-api/{emulator.deploy('bench', web_function(HANDLER))['Api']}/live/look"


def _measured(urls: dict[str, str], clients: int, goal: float) -> list[Figure]:
    rates: dict[str, list[float]] = {build: [] for build in urls}
    late: dict[str, list[float]] = {build: [] for build in urls}
    failed = 0
    for url in urls.values():
        failed += load.clients(url, 1, clients, 200).failed  # the first calls are cold
    for turn in range(ROUNDS):
        for build in list(urls) if turn % 2 else list(urls)[::-1]:
            measured = load.clients(urls[build], ROUND_SECONDS, clients, 200)
            rates[build].append(measured.per_second)
            late[build].append(measured.p99_ms)
            failed += measured.failed
    who = f"embedded AWS, {clients} client{'s' if clients > 1 else ''}"
    figures = []
    for build in urls:
        figures.append(Figure(f"{build}{who}", statistics.median(rates[build]), "requests/s", ROUNDS, failed))
        figures.append(Figure(f"{build}{who}: p99", statistics.median(late[build]), "ms", ROUNDS, failed))
    if len(urls) > 1:
        now, before = rates.values()
        ratio = statistics.median(a / b for a, b in zip(now, before, strict=True))
        figures.append(Figure(f"{who}: now to before", ratio, "×", ROUNDS, failed, "at least", goal))
    return figures


def _two_emulators() -> list[Figure]:
    """Two emulators called at the same moment, and one of them with the same clients: they share no interpreter."""
    with bare_emulator.running(ROOT) as one, bare_emulator.running(ROOT) as two:
        urls = [_url(one), _url(two)]
        failed = sum(load.clients(url, 1, 4, 200).failed for url in urls)
        ratios = []
        for _ in range(ROUNDS):
            alone = load.clients(urls[0], ROUND_SECONDS, 8, 200)
            both = asyncio.run(_at_once(urls))
            failed += alone.failed + sum(each.failed for each in both)
            ratios.append(sum(each.per_second for each in both) / alone.per_second)
    name = "two emulators with 4 clients each, of one with 8"
    return [Figure(name, statistics.median(ratios), "×", ROUNDS, failed)]


async def _at_once(urls: list[str]) -> list[load.Load]:
    return await asyncio.gather(*(asyncio.to_thread(load.clients, url, ROUND_SECONDS, 4, 200) for url in urls))
