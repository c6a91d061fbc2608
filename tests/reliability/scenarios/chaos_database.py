"""The database goes away under load and comes back: Postgres stopped and started, SQLite locked by somebody else."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from tests.bench.bench_site import BenchSite
from tests.bench.figures import Figure
from tests.reliability.options import Options
from tests.reliability.production import production
from tests.reliability.visitors import Visitors, everything_works, until_true
from tests.support.postgres import Cluster, running_cluster

RATE = 10
AWAY_SECONDS = 20.0
PATIENCE = 60.0


async def run(options: Options) -> AsyncIterator[Figure]:
    with running_cluster() as cluster:
        url = cluster.database("site")
        async with production(1, DATABASE_URL=url) as site:
            async for figure in _during(site, "Postgres stopped", lambda: _postgres_away(cluster), options):
                yield figure
    async with production(1) as site:
        async for figure in _during(site, "SQLite locked", lambda: _sqlite_locked(site.var / "db.sqlite3"), options):
            yield figure


async def _during(
    site: BenchSite, name: str, fault: Callable[[], Awaitable[None]], options: Options
) -> AsyncIterator[Figure]:
    visitors = Visitors(site.url, RATE, options.seed)
    async with visitors.coming() as seen:
        if await until_true(lambda: everything_works(site.url), PATIENCE) is None:
            raise RuntimeError("The site did not work before anything was broken.")
        began = time.time()
        await fault()
        back = time.monotonic()
        works = await until_true(lambda: everything_works(site.url), PATIENCE)
        recovered = PATIENCE if works is None else time.monotonic() - back
    during = seen.since(began)
    for one in during.unexpected()[:5]:
        print(f"  {name}: {one.kind} {one.status} {one.detail[:200]}", flush=True)
    print(f"  {name}: answers by status {during.statuses()}", flush=True)
    yield Figure(
        f"{name}: answers of 5xx other than 503", len(during.unexpected()), "", len(during.answers), 0, "at most", 0
    )
    yield Figure(
        f"{name}: requests without an answer", len(during.unanswered()), "", len(during.answers), 0, "at most", 0
    )
    yield Figure(f"{name}: everything works after it is back", recovered, "s", 1, 0, "at most", 15)


async def _postgres_away(cluster: Cluster) -> None:
    await asyncio.to_thread(cluster.run, "pg_ctl", "-D", str(cluster.folder / "data"), "-m", "immediate", "-w", "stop")
    await asyncio.sleep(AWAY_SECONDS)
    options = f"-c listen_addresses='' -c unix_socket_directories={cluster.folder} -c max_connections=50 -c fsync=off"
    log = str(cluster.folder / "log")
    await asyncio.to_thread(
        cluster.run, "pg_ctl", "-D", str(cluster.folder / "data"), "-o", options, "-l", log, "-w", "start"
    )


async def _sqlite_locked(file: Path) -> None:
    """Hold SQLite's write lock longer than the site waits for it."""
    connection = sqlite3.connect(file, timeout=30, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(AWAY_SECONDS)
        connection.execute("ROLLBACK")
    finally:
        connection.close()
