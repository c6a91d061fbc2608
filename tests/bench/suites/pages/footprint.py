"""What the site takes while nobody uses it: memory of its processes without labs, and disk of what `make run` installs.

`BENCH_BEFORE=/path/to/an/earlier/checkout` adds the same of that checkout, in this environment, and the ratios.
"""

import asyncio
import os
import re
import statistics
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import cache_from_source
from pathlib import Path

from tests.bench.bench_site import BenchSite
from tests.bench.figures import Figure
from tests.bench.machine import memory_mib, tree
from tests.bench.pages.answers import kept
from tests.support.site import ROOT

ROUNDS = 3
REST_SECONDS = 20
"""After the pages of the start have been built: the loops have made their first rounds."""
MEMORY_GOAL = 0.55
INSTALL_GOAL = 0.65


async def measure_alone() -> AsyncIterator[Figure]:
    builds = {"": ROOT}
    if before := os.environ.get("BENCH_BEFORE"):
        builds["the build before: "] = Path(before)
    memory: dict[str, list[float]] = {build: [] for build in builds}
    for _ in range(ROUNDS):
        for build, root in builds.items():
            memory[build].append(await _memory(root))
    for build, values in memory.items():
        yield Figure(f"{build}memory of the site without labs", statistics.median(values), "MiB", ROUNDS)
    if before:
        now, then = memory.values()
        ratio = statistics.median(a / b for a, b in zip(now, then, strict=True))
        yield Figure("memory without labs: now to before", ratio, "×", ROUNDS, 0, "at most", MEMORY_GOAL)
    sizes = {build: installed_mb(root / "requirements.txt") for build, root in builds.items()}
    for build, size in sizes.items():
        yield Figure(f"{build}what make run installs", size, "MB", 1)
    if before:
        now_mb, then_mb = sizes.values()
        yield Figure("installed: now to before", now_mb / then_mb, "×", 1, 0, "at most", INSTALL_GOAL)


async def _memory(root: Path) -> float:
    """MiB of the whole tree (PSS), a while after its start."""
    async with BenchSite.running(1, root) as site:
        await kept(f"{site.url}/")
        await asyncio.sleep(REST_SECONDS)
        return memory_mib(tree(site.pid))


def installed_mb(requirements: Path) -> float:
    """Megabytes of the files, compiled ones included, of the packages that a requirements file names.

    This environment must have them; the developers' has those of every earlier build too. Raises PackageNotFoundError.
    """
    names = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==", requirements.read_text("utf-8"), re.MULTILINE)
    if not names:
        raise PackageNotFoundError(str(requirements))
    return sum(map(_bytes_of, names)) / 1e6


def _bytes_of(name: str) -> int:
    total = 0
    for file in distribution(name).files or ():
        path = Path(str(file.locate()))
        compiled = [Path(cache_from_source(path))] if path.suffix == ".py" else []  # in no package's own list
        total += sum(one.stat().st_size for one in (path, *compiled) if one.is_file())
    return total
