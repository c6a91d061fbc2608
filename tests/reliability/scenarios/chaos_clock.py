"""The clock of the site's processes jumps a day ahead and an hour back under load, and is set right again.

A small library, compiled here and loaded before libc, stands between these processes and the clock. The emulator starts
with an environment of its own and keeps the true time, as AWS does. It refuses requests that are signed for another
time, so no lab can be made meanwhile; everything else goes on.
"""

import asyncio
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from tests.bench.figures import Figure
from tests.reliability.options import CannotRun, Options
from tests.reliability.production import production
from tests.reliability.visitors import Visitors, everything_works, until_true

RATE = 10
PATIENCE = 60.0
JUMPS = (86_400, -3_600, 0)
"""Seconds from the true time, one after the other."""
WAIT_SECONDS = 10
SOURCE = Path(__file__).resolve().parent.parent / "clock.c"


async def run(options: Options) -> AsyncIterator[Figure]:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise CannotRun("no C compiler is installed (on Debian: apt install gcc libc6-dev)")
    with tempfile.TemporaryDirectory(prefix="clock-") as folder:
        library, offset = Path(folder) / "clock.so", Path(folder) / "offset"
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True)  # noqa: ASYNC221  (before anything runs beside it)
        _jump(offset, 0)
        async with production(1, LD_PRELOAD=str(library), CLOCK_OFFSET=str(offset)) as site:
            visitors = Visitors(site.url, RATE, options.seed)
            async with visitors.coming() as seen:
                if await until_true(lambda: everything_works(site.url), PATIENCE) is None:
                    raise RuntimeError("The site did not work before anything was broken.")
                for jump in JUMPS:
                    began = time.time()
                    _jump(offset, jump)
                    works = None if jump else await until_true(lambda: everything_works(site.url), PATIENCE)
                    await asyncio.sleep(WAIT_SECONDS)
                    during = seen.since(began)
                    for one in (during.unexpected() + during.unanswered())[:5]:
                        print(f"  clock {jump:+d} s: {one.kind} {one.status} {one.detail[:200]}", flush=True)
                    bad = len(during.unexpected()) + len(during.unanswered())
                    name = f"the clock at {jump:+d} s: answers of 5xx other than 503, or none"
                    yield Figure(name, bad, "", len(during.answers), 0, "at most", 0)
                    pages = [one for one in during.of("page") if one.status != 200]
                    name = f"the clock at {jump:+d} s: pages that were not served"
                    yield Figure(name, len(pages), "", len(during.of("page")), 0, "at most", 0)
            seconds = PATIENCE if works is None else works
            yield Figure("the clock set right: everything works", seconds, "s", 1, 0, "at most", 15)


def _jump(file: Path, seconds: int) -> None:
    with file.open("r+b" if file.exists() else "wb") as offset:
        offset.write(struct.pack("q", seconds))
