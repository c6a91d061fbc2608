"""A pattern's page and its 304 from the site and from nginx, in turns: the same bytes, the same headers, one client."""

import asyncio
import statistics
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.bench_site import BenchSite
from tests.bench.figures import Bound, Figure, skip
from tests.bench.pages import nginx
from tests.bench.pages.answers import get, kept
from tests.bench.pages.load import Load, load, missing, warm, whole_length

PAGE = "/patterns/queue-based-load-leveling/"
ROUNDS = 5
ROUND_SECONDS = 3.0
WARM_SECONDS = 1.0
GOALS: tuple[tuple[str, Bound, float], ...] = (
    ("requests a second, of nginx's", "at least", 0.75),
    ("p99, times nginx's", "at most", 2),
)


async def measure(site: BenchSite) -> AsyncIterator[Figure]:
    if reason := missing() or nginx.missing():
        for workers in (1, 2):
            for what in ("page", "304"):
                yield skip(f"{what}, {_workers(workers)}: {GOALS[0][0]}", reason, *GOALS[0][1:])
            yield skip(f"page, {_workers(workers)}: {GOALS[1][0]}", reason, *GOALS[1][1:])
        return
    for figure in await _figures(site, 1):
        yield figure
    async with BenchSite.running(2) as two:
        for figure in await _figures(two, 2):
            yield figure


async def _figures(site: BenchSite, workers: int) -> list[Figure]:
    url = site.url + PAGE
    page = await kept(url)
    plain = await get(url, {"Accept-Encoding": "identity"})
    with (
        TemporaryDirectory(prefix="bench-nginx-") as folder,
        nginx.running(Path(folder), workers, plain.body, page.body, page.headers) as peer,
    ):
        same = await get(peer, {"Accept-Encoding": "gzip"})
        unequal = same.body != page.body or same.headers.get("Content-Encoding") != "gzip"
        return [
            *await _compared(f"page, {_workers(workers)}", {url: "", peer: ""}, 200, late=True, wrong=unequal),
            *await _compared(f"304, {_workers(workers)}", {url: page.headers["ETag"], peer: same.headers["ETag"]}, 304),
        ]


async def _compared(
    name: str, tags: dict[str, str], status: int, *, late: bool = False, wrong: bool = False
) -> list[Figure]:
    """Both addresses in turns. `tags` holds the entity tag that each is asked with; the first is ours."""
    asked = {
        address: {"Accept-Encoding": "gzip"} | ({"If-None-Match": tag} if tag else {}) for address, tag in tags.items()
    }
    failed = int(wrong)
    lengths: dict[str, int] = {}
    for address, headers in asked.items():
        lengths[address] = await asyncio.to_thread(whole_length, address, headers, status)
        failed += await asyncio.to_thread(warm, address, WARM_SECONDS, headers, status)
    rounds: dict[str, list[Load]] = {address: [] for address in asked}
    for turn in range(ROUNDS):
        for address in list(asked) if turn % 2 else reversed(asked):
            one = await asyncio.to_thread(load, address, ROUND_SECONDS, asked[address], lengths[address])
            failed += one.failed
            rounds[address].append(one)
    ours, theirs = rounds.values()
    rate = statistics.median(a.per_second / b.per_second for a, b in zip(ours, theirs, strict=True))
    requests = sum(one.requests for one in ours)
    figures = [
        Figure(f"{name}: nginx", statistics.median(one.per_second for one in theirs), "requests/s", ROUNDS, failed),
        Figure(f"{name}: the site", statistics.median(one.per_second for one in ours), "requests/s", requests, failed),
        Figure(f"{name}: {GOALS[0][0]}", rate, "×", ROUNDS, failed, *GOALS[0][1:]),
    ]
    if late:
        ratio = statistics.median(a.p99_ms / b.p99_ms for a, b in zip(ours, theirs, strict=True))
        figures += [
            Figure(f"{name}: p99", statistics.median(one.p99_ms for one in ours), "ms", requests, failed),
            Figure(f"{name}: {GOALS[1][0]}", ratio, "×", ROUNDS, failed, *GOALS[1][1:]),
        ]
    return figures


def _workers(count: int) -> str:
    return f"{count} worker{'s' if count > 1 else ''}"
