"""20,000 fuzzed requests over every address: no 5xx, no hang, and each described operation reaches its 2xx.

What `/openapi.json` describes is asked by Schemathesis, half of the time with ids that exist; every other address of
the site, and the labs' endpoints, by Hypothesis. A function of a lab that fails answers 502 with API Gateway's own
message; that is the lab's answer and not counted.
"""

import asyncio
from collections.abc import AsyncIterator

from tests.bench.figures import Figure
from tests.reliability.fuzz.described import fuzz_described
from tests.reliability.fuzz.others import fuzz_others
from tests.reliability.fuzz.report import Report
from tests.reliability.fuzz.world import World
from tests.reliability.options import Options
from tests.reliability.production import production

REQUESTS = 20_000
SETTINGS = {"LABS_STREAMS": "5000", "LABS_STREAMS_PER_LAB": "5000", "LABS_COMPARISONS_AT_ONCE": "20"}


async def run(options: Options) -> AsyncIterator[Figure]:
    count = options.count or REQUESTS
    async with production(1, **SETTINGS) as site:
        report = Report()
        with World.made(site.url) as world:
            described = await asyncio.to_thread(fuzz_described, world, report, count * 6 // 10, options.seed)
            await asyncio.to_thread(fuzz_others, world, report, count - report.sent, options.seed)
        async with site.session.get(f"{site.url}/healthz") as health:
            alive = health.status
    for line in report.lines():
        print(f"  {line}", flush=True)
    missing = sorted(name for name, reached in described.items() if not reached)
    if missing:
        print(f"  never reached its 2xx: {', '.join(missing)}", flush=True)
    yield Figure("fuzzed requests", report.sent, "", report.sent, 0, "at least", count)
    yield Figure("answers of 5xx", len(report.broken), "", report.sent, 0, "at most", 0)
    yield Figure("requests without an answer in 30 s", len(report.hung), "", report.sent, 0, "at most", 0)
    yield Figure(
        "described operations that reached 2xx", 1 - len(missing) / len(described), "", len(described), 0, "at least", 1
    )
    yield Figure("the site is alive after it", alive, "", 1, int(alive != 200))
