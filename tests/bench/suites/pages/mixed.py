"""Many pages from the site and from nginx, in turns, to a crowd: a mix of addresses, agents, languages and cookies."""

import asyncio
import statistics
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.bench_site import BenchSite, runnable_patterns
from tests.bench.figures import Bound, Figure, skip
from tests.bench.pages import mix, nginx
from tests.bench.pages.answers import get, kept
from tests.bench.pages.load import Load, missing, mixed

ROUNDS = 5
ROUND_SECONDS = 3.0
WARM_SECONDS = 1.0
NAME = "a mix of requests"
GOAL: tuple[str, Bound, float] = (f"{NAME}: requests a second, of nginx's", "at least", 0.75)


async def measure(site: BenchSite) -> AsyncIterator[Figure]:
    if reason := missing() or nginx.missing():
        yield skip(GOAL[0], reason, *GOAL[1:])
        return
    paths = ["/", "/patterns/", "/about/"]
    for pattern in runnable_patterns():
        paths += [f"/patterns/{pattern}/{more}" for more in ("", "recorded/", "source/template.yaml", "ledger/")]
    pages: dict[str, tuple[bytes, bytes]] = {}
    for number, path in enumerate(paths):
        gzipped = await kept(site.url + path)
        plain = await get(site.url + path, {"Accept-Encoding": "identity"})
        pages[f"page{number}"] = (plain.body, gzipped.body)
    with (
        TemporaryDirectory(prefix="bench-mixed-") as folder,
        nginx.serving(Path(folder), 1, pages, gzipped.headers) as peer,
    ):
        files = {
            site.url: mix.write(Path(folder, "ours"), mix.requests(site.url, paths)),
            peer: mix.write(Path(folder, "theirs"), mix.requests(peer, [f"/{name}" for name in pages])),
        }
        for figure in await _compared(files):
            yield figure


async def _compared(files: dict[str, Path]) -> list[Figure]:
    """Both servers in turns; the first is ours."""
    failed = 0
    for address, requests in files.items():
        failed += (await asyncio.to_thread(mixed, address, WARM_SECONDS, requests, look=True)).failed
    rounds: dict[str, list[Load]] = {address: [] for address in files}
    for turn in range(ROUNDS):
        for address in list(files) if turn % 2 else reversed(files):
            rounds[address].append(await asyncio.to_thread(mixed, address, ROUND_SECONDS, files[address]))
    ours, theirs = rounds.values()
    failed += sum(one.failed for one in (*ours, *theirs))
    ratio = statistics.median(a.per_second / b.per_second for a, b in zip(ours, theirs, strict=True))
    late = statistics.median(a.p99_ms / b.p99_ms for a, b in zip(ours, theirs, strict=True))
    return [
        Figure(f"{NAME}: nginx", statistics.median(one.per_second for one in theirs), "requests/s", ROUNDS, failed),
        Figure(f"{NAME}: the site", statistics.median(one.per_second for one in ours), "requests/s", ROUNDS, failed),
        Figure(GOAL[0], ratio, "×", ROUNDS, failed, *GOAL[1:]),
        Figure(f"{NAME}: p99, times nginx's", late, "×", ROUNDS, failed),
    ]
