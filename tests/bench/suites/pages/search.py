"""1,000 patterns: search, lists and filters at the server and over HTTP, and the memory of the web process."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from tests.bench import machine
from tests.bench.bench_site import BenchSite
from tests.bench.figures import Figure, percentile
from tests.bench.pages.generated import Generated
from tests.support.site import free_port, running_site

FEW, MANY = 9, 1000
ROUNDS = 10
AT_ONCE = 8
QUERIES = (
    "queue", "dead letter", "idempotency key", "api gateway", "cache invalidation", "lambda", "concurrency limit",
    "how do I retry", "DynamoDB conditional write", "poison message", "429", "throttling", "x-amzn-trace-id", "fan out",
    "authorizer token", "visibility timeout", "wharehouse", "nothing that anybody wrote", "cold start", "sns filter",
)  # fmt: skip
ASKED = {
    "search": [f"/search/?{urlencode({'q': query})}" for query in QUERIES],
    "the list": ["/patterns/", *(f"/patterns/?page={page}" for page in (2, 5, 9))],
    "the list with a filter": [
        f"/patterns/?{query}" for query in ("level=200", "service=sqs", "helps=resilience", "level=100&service=lambda")
    ],
}


async def measure(site: BenchSite) -> AsyncIterator[Figure]:
    with TemporaryDirectory(prefix="bench-search-") as folder:
        few = await asyncio.to_thread(Generated, Path(folder, "few"), FEW)
        await asyncio.to_thread(few.build)
        yield await _memory(site, few, 120)
        generated = await asyncio.to_thread(Generated, Path(folder, "many"), MANY)
        await asyncio.to_thread(generated.build)
        for what, addresses in ASKED.items():
            told = json.loads(
                await asyncio.to_thread(
                    generated.run, "-m", "tests.bench.pages.timings", str(ROUNDS), given="\n".join(addresses)
                )
            )
            figures = (told["ms"], told["failed"])
            goal = 20 if what == "search" else None
            yield _late(f"{what} among {MANY}, at the server", 50, *figures)
            yield _late(f"{what} among {MANY}, at the server", 95, *figures, goal=goal)
        with running_site(generated.var, free_port(), **generated.environment) as many:
            for what, addresses in ASKED.items():
                yield _late(f"{what} among {MANY}, over HTTP", 95, *await _over_http(site, many.url, addresses))
        yield await _memory(site, generated, 400)


def _late(name: str, percent: int, ms: Sequence[float], failed: int, goal: float | None = None) -> Figure:
    return Figure(f"{name}, p{percent}", percentile(ms, percent), "ms", len(ms), failed, "at most", goal)


async def _over_http(site: BenchSite, url: str, addresses: Sequence[str]) -> tuple[list[float], int]:
    ms: list[float] = []
    failed = 0
    for _ in range(ROUNDS):
        for address in addresses:
            started = time.perf_counter()
            async with site.session.get(url + address, headers={"Accept": "text/html"}) as answer:
                await answer.read()
                failed += answer.status != 200
            ms.append((time.perf_counter() - started) * 1000)
    return ms, failed


async def _memory(site: BenchSite, generated: Generated, goal: float) -> Figure:
    """Of a fresh web process, after each address has been asked once."""
    addresses = (await asyncio.to_thread(generated.run, "-m", "tests.bench.pages.every_address")).split()
    waiting = iter(addresses)
    failed = 0
    with running_site(generated.var, free_port(), **generated.environment) as running:

        async def reader() -> None:
            nonlocal failed
            for address in waiting:
                async with site.session.get(running.url + address) as answer:
                    await answer.read()
                    failed += answer.status != 200

        await asyncio.gather(*(reader() for _ in range(AT_ONCE)))
        mib = machine.memory_mib(web_processes(running.process.pid))
    name = f"web process, {generated.count} patterns, all {len(addresses)} addresses asked"
    return Figure(name, mib * 1.048576, "MB", len(addresses), failed, "at most", goal)


def web_processes(up: int) -> set[int]:
    """The web server below `manage.py up`, with its workers."""
    servers = {pid for pid in machine.tree(up) if b"catalogue.asgi:application" in machine.command(pid)}
    return set().union(*(machine.tree(pid) for pid in servers))
