"""Labs made, called and deleted one after the other: does the emulator's memory stay?"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from tests.bench.bench_site import BenchSite, LabFailed, first_request
from tests.bench.figures import Figure, percentile
from tests.reliability.options import Options
from tests.support.site import descendants

LABS = 3_000
PATTERN = "function-as-a-web-service"
LOOKS = 50
WARM_LABS = 100
"""Labs after which memory is taken as the beginning: what the emulator loads when first asked is there by then."""


async def run(options: Options) -> AsyncIterator[Figure]:
    count = options.count or LABS
    limits = {
        "LABS_PER_ADDRESS": "1000",
        "LABS_STARTS_PER_HOUR": "100000",
        "LABS_EMULATOR_MEMORY_MB": "0",  # what stays is measured, without starting afresh
    }
    ready_ms: list[float] = []
    memory: list[tuple[int, float]] = []
    failed = 0
    request = first_request(PATTERN)
    async with BenchSite.running(1, DEBUG="1", SITE_URL="http://127.0.0.1", **limits) as site:
        for number in range(count + 1):
            if number == WARM_LABS or number % max(1, count // LOOKS) == 0:
                memory.append((number, await asyncio.to_thread(emulator_mib, site.pid)))
                print(f"  {number} labs: {memory[-1][1]:.1f} MiB", flush=True)
            try:
                lab = await site.run_it(PATTERN)
                right, _ = await site.call(site.url + lab.path, request)
                failed += not right
                ready_ms.append(lab.ms)
                await site.delete(lab)
            except LabFailed as error:
                failed += 1
                print(f"  lab {number}: {error}", flush=True)
    first = next(mib for labs, mib in memory if labs >= min(WARM_LABS, count // 2))
    last = memory[-1][1]
    yield Figure("a lab is ready, median", percentile(ready_ms, 50), "ms", len(ready_ms), failed)
    yield Figure("memory of the emulator at the start", first, "MiB", len(memory))
    yield Figure("memory of the emulator at the end", last, "MiB", len(memory))
    yield Figure(f"growth of it over {count} labs", last / first, "×", len(memory), failed, "at most", 1.1)


def emulator_mib(site: int) -> float:
    """Resident memory of the emulator's own process, without functions' workers."""
    hosts = [pid for pid, command in descendants(site).items() if "catalogue.labs.embedded.host" in command]
    return max(_resident_mib(pid) for pid in hosts)


def _resident_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))
