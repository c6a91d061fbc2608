"""Whether the time of the subscribe form's answer says that an address is known.

Requests for an address that has subscribed and for ones that have not are sent in turns, in random order within each
pair, over one connection. The difference of the medians is what an observer could average out; the rank test says how
likely so large a difference between the two is by chance alone.
"""

import asyncio
import math
import random
import sqlite3
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import closing

from tests.bench.bench_site import BenchSite
from tests.bench.figures import Figure

PAIRS = 400
WARM_UP = 20
SETTLE_SECONDS = 0.01
KNOWN = "known@example.com"
ENVIRONMENT = {"NEWSLETTER_SUBSCRIBES_PER_HOUR": "100000", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "9"}
"""No mail server answers there, so that the confirmations of new addresses take no processor time."""


async def measure(site: BenchSite) -> AsyncIterator[Figure]:
    await _ask(site, KNOWN)
    await asyncio.to_thread(_confirm, site)
    for number in range(WARM_UP):
        await _ask(site, f"warm{number}@example.com")
    known: list[float] = []
    new: list[float] = []
    failed = 0
    for number in range(PAIRS):
        turns = [(KNOWN, known), (f"new{number:04}@example.com", new)]
        for address, times in random.sample(turns, 2):
            right, ms = await _ask(site, address)
            failed += not right
            times.append(ms)
            await asyncio.sleep(SETTLE_SECONDS)
    apart = abs(statistics.median(known) - statistics.median(new))
    # On a busy machine medians differ by chance: the verdict is the rank test's.
    yield Figure("subscribe, median for a known address", statistics.median(known), "ms", PAIRS, failed)
    yield Figure("subscribe, median for a new address", statistics.median(new), "ms", PAIRS, failed)
    yield Figure("subscribe, difference of the medians", apart, "ms", 2 * PAIRS, failed)
    yield Figure("subscribe, p of the rank test", rank_test(known, new), "", 2 * PAIRS, failed, "at least", 0.01)


def rank_test(some: Sequence[float], others: Sequence[float]) -> float:
    """Two-sided p of the Mann-Whitney U test, by its normal approximation; for 20 values or more on each side."""
    ranked = sorted((value, group) for group, values in enumerate((some, others)) for value in values)
    places: dict[float, list[int]] = {}
    for place, (value, _) in enumerate(ranked, start=1):
        places.setdefault(value, []).append(place)
    ranks = sum(statistics.mean(places[value]) for value in some)
    u = ranks - len(some) * (len(some) + 1) / 2
    mean = len(some) * len(others) / 2
    deviation = math.sqrt(len(some) * len(others) * (len(some) + len(others) + 1) / 12)
    return math.erfc(abs(u - mean) / deviation / math.sqrt(2))


async def _ask(site: BenchSite, address: str) -> tuple[bool, float]:
    started = time.perf_counter()
    async with site.session.post(f"{site.url}/newsletter/subscribe", json={"email": address}) as answer:
        await answer.read()
        return answer.status == 202, (time.perf_counter() - started) * 1000


def _confirm(site: BenchSite) -> None:
    """Wait for the mail loop to have looked the address up, and let it be a subscriber's."""
    for _ in range(600):
        with closing(sqlite3.connect(site.var / "db.sqlite3", timeout=10)) as database, database:
            done = database.execute(
                "UPDATE newsletter_subscriber SET state = 'confirmed', confirmed_at = created_at WHERE key = ?", [KNOWN]
            )
            if done.rowcount:
                return
        time.sleep(0.1)
    raise RuntimeError("The mail loop acted on no request within a minute.")
