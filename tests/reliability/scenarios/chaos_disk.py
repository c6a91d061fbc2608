"""The disk that holds `var/` is full under load, and has room again."""

import asyncio
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp

from tests.bench.bench_site import BenchSite, environment
from tests.bench.figures import Figure
from tests.reliability.options import CannotRun, Options
from tests.reliability.production import built
from tests.reliability.visitors import Visitors, everything_works, until_true
from tests.support.site import free_port, running_site

RATE = 10
FULL_SECONDS = 20.0
PATIENCE = 60.0
SIZE = "192m"


async def run(options: Options) -> AsyncIterator[Figure]:
    settings = environment()
    with small_disk() as var, running_site(var, free_port(), 1, **settings) as running:
        await built(running.url)
        async with aiohttp.ClientSession() as session:
            site = BenchSite(running.url, running.process.pid, running.var, session)
            visitors = Visitors(site.url, RATE, options.seed)
            async with visitors.coming() as seen:
                if await until_true(lambda: everything_works(site.url), PATIENCE) is None:
                    raise RuntimeError("The site did not work before anything was broken.")
                began = time.time()
                ballast = var / "ballast"
                _fill(ballast)
                await asyncio.sleep(FULL_SECONDS)
                ballast.unlink()
                works = await until_true(lambda: everything_works(site.url), PATIENCE)
    during = seen.since(began)
    for one in during.unexpected()[:5]:
        print(f"  disk full: {one.kind} {one.status} {one.detail[:200]}", flush=True)
    print(f"  disk full: answers by status {during.statuses()}", flush=True)
    pages = [one for one in during.of("page") if one.status != 200]
    count = len(during.answers)
    yield Figure("disk full: answers of 5xx other than 503", len(during.unexpected()), "", count, 0, "at most", 0)
    yield Figure("disk full: pages that were not served", len(pages), "", len(during.of("page")), 0, "at most", 0)
    yield Figure("disk full: requests without an answer", len(during.unanswered()), "", count, 0, "at most", 0)
    yield Figure("disk full: everything works after", PATIENCE if works is None else works, "s", 1, 0, "at most", 15)


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of its own that is soon full. Raises CannotRun where mounting is not allowed."""
    with tempfile.TemporaryDirectory(prefix="small-disk-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            raise CannotRun("needs root, to mount a small tmpfs")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=False, capture_output=True)


def _fill(file: Path) -> None:
    with suppress(OSError), file.open("wb", buffering=0) as ballast:
        while True:
            ballast.write(b"\0" * 4096)
