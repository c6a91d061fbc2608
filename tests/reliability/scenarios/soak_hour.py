"""An hour at 20 requests a second: what grows? Memory, descriptors, processes and the folder under `var/`."""

import asyncio
from collections.abc import AsyncIterator

from tests.bench.figures import Figure, percentile
from tests.reliability.growth import sampled
from tests.reliability.options import Options
from tests.reliability.production import production
from tests.reliability.visitors import Visitors

MINUTES = 60.0
RATE = 20
LIFETIME_SECONDS = 120


async def run(options: Options) -> AsyncIterator[Figure]:
    minutes = options.minutes or MINUTES
    lifetime = str(min(LIFETIME_SECONDS, max(10, int(minutes * 6))))  # labs come and go during the run
    limits = {"LABS_LIFETIME_SECONDS": lifetime}
    async with production(1, **limits) as site:
        visitors = Visitors(site.url, RATE, options.seed)
        async with visitors.coming() as seen, sampled(site.pid, site.var, minutes * 60 / 120) as samples:
            await asyncio.sleep(minutes * 60)
    count = len(seen.answers)
    bad = seen.unexpected(()) + seen.unanswered()
    for one in bad[:5]:
        print(f"  {one.kind} {one.status} {one.detail[:200]}", flush=True)
    print(f"  answers by status {seen.statuses()} in {minutes:g} minutes", flush=True)
    first, last = samples.taken[0], samples.taken[-1]
    print(f"  first {first}\n  last {last}", flush=True)
    ms = [answer.ms for answer in seen.of("page")]
    yield Figure("requests in the run", count, "", count)
    yield Figure("answers of 5xx, or none", len(bad), "", count, 0, "at most", 0)
    yield Figure("a page, p99", percentile(ms, 99), "ms", len(ms))
    for name, figure in (("memory", "memory_mib"), ("descriptors", "descriptors"), ("processes", "processes")):
        yield Figure(f"growth of {name}", samples.growth(figure), "×", len(samples.taken), 0, "at most", 1.1)
    subscribers = len(seen.of("subscribe"))
    grown = (last.disk_bytes - first.disk_bytes) / 1024 / max(1, subscribers)
    yield Figure("growth of var/ for each subscriber", grown, "KiB", len(samples.taken))
