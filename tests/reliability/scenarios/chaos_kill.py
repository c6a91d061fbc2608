"""`kill -9` and SIGSTOP of every process in turn, under load: how soon everything works again, and what is left."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from tests.bench.bench_site import BenchSite
from tests.bench.figures import Figure
from tests.reliability.options import Options
from tests.reliability.production import production
from tests.reliability.visitors import Visitors, everything_works, until_true
from tests.support.site import descendants

RATE = 10
PATIENCE = 90.0
KINDS = {
    "web worker": "catalogue.processes.server",
    "emulator": "catalogue.labs.embedded.host",
    "zygote": "zygote.py",
    "mail loop": "newsletter_loop",
    "janitor": "labs_janitor",
}
"""The processes by a part of their command lines."""
LOOPS = ("mail loop", "janitor")
"""Their steps may wait for a mail server or for AWS, so they are believed to hang later than others."""
SIGNALS = {"killed": signal.SIGKILL, "stopped": signal.SIGSTOP}


async def run(options: Options) -> AsyncIterator[Figure]:
    async with production(2) as site:
        visitors = Visitors(site.url, RATE, options.seed)
        async with visitors.coming() as seen:
            if await until_true(lambda: everything_works(site.url), PATIENCE) is None:
                raise RuntimeError("The site did not work before anything was broken.")
            for name, part in KINDS.items():
                for how, number in SIGNALS.items():
                    began = time.time()
                    seconds = await _break(site, part, number)
                    bad = seen.since(began).unexpected()
                    for one in bad[:5]:
                        print(f"  {name} {how}: {one.kind} {one.status} {one.detail[:160]}", flush=True)
                    yield Figure(
                        f"{name} {how}: replaced, and all works",
                        PATIENCE if seconds is None else seconds,
                        "s",
                        len(seen.since(began).answers),
                        len(bad),
                        "at most",
                        60 if how == "stopped" and name in LOOPS else 30,
                    )
            tree = descendants(site.pid)
            os.kill(site.pid, signal.SIGKILL)
            gone = await until_true(lambda: _gone(set(tree)), PATIENCE)
            left = len([pid for pid in tree if not await _gone({pid})])
            yield Figure(
                "the supervisor killed: no process left", gone or PATIENCE, "s", len(tree), left, "at most", 15
            )


async def _break(site: BenchSite, part: str, number: signal.Signals) -> float | None:
    """Signal the processes of a part one after the other; seconds until the last is replaced and everything works."""
    broken = _serving(site.pid, part)
    if not broken:
        return None
    longest = 0.0
    for pid in broken[:2]:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        started = time.monotonic()

        async def replaced(pid: int = pid) -> bool:
            now = descendants(site.pid)
            return pid not in now and any(part in command for command in now.values())

        if await until_true(replaced, PATIENCE) is None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
            return None
        if await until_true(lambda: everything_works(site.url), PATIENCE) is None:
            return None
        longest = max(longest, time.monotonic() - started)
        await asyncio.sleep(0.2)
    return longest


def _serving(site: int, part: str) -> list[int]:
    """The processes of a part that do its work: a launcher, whose child has the same command line, is left out."""
    found = {pid for pid, command in descendants(site).items() if part in command}
    return [pid for pid in found if not any(part in command for command in descendants(pid).values())]


async def _gone(pids: set[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() and not _zombie(pid) for pid in pids)


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True
