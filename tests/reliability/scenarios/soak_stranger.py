"""A stranger at every limit at once, from one address, while everyone else is served."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp

from tests.bench.figures import Figure, percentile
from tests.reliability.options import Options
from tests.reliability.production import production
from tests.reliability.visitors import Visitors, visitor

STRANGER = "127.0.66.66"
SECONDS = 60.0
RATE = 10
PATTERN = "function-as-a-web-service"
DEFAULTS = {
    "LABS_PER_VISITOR": "3",
    "LABS_PER_ADDRESS": "12",
    "LABS_STARTS_PER_HOUR": "120",
    "LABS_REQUESTS_PER_SECOND": "20",
    "LABS_BURST": "100",
    "LABS_REQUESTS_AT_ONCE": "40",
}
"""The limits as an operator has them, not as the benchmarks raise them."""


async def run(options: Options) -> AsyncIterator[Figure]:
    seconds = options.minutes * 60 if options.minutes else SECONDS
    async with production(1, **DEFAULTS) as site:
        answered: Counter[str] = Counter()
        stop = asyncio.Event()
        abuses = (_run_labs, _call, _call, _subscribe, _login, _big_bodies, _big_heads, _streams, _search)
        strangers = [asyncio.create_task(abuse(site.url, stop, answered)) for abuse in abuses for _ in range(2)]
        await asyncio.sleep(3)
        visitors = Visitors(site.url, RATE, options.seed)
        async with visitors.coming() as seen:
            await asyncio.sleep(seconds)
        stop.set()
        await asyncio.gather(*strangers, return_exceptions=True)
    print(f"  the stranger got {dict(answered)}", flush=True)
    print(f"  everyone else got {seen.statuses()}", flush=True)
    for one in (seen.unexpected(()) + seen.unanswered())[:5]:
        print(f"  {one.kind} {one.status} {one.detail[:200]}", flush=True)
    refused = [answer for answer in seen.answers if answer.status >= 400 or answer.status == 0]
    broken = sum(count for what, count in answered.items() if what.split()[-1] in ("500", "502", "504"))
    ms = [answer.ms for answer in seen.of("page")]
    yield Figure("the stranger's requests answered by 500, 502 or 504", broken, "", answered.total(), 0, "at most", 0)
    yield Figure("requests of everyone else not served", len(refused), "", len(seen.answers), 0, "at most", 0)
    yield Figure("a page for everyone else, p50", percentile(ms, 50), "ms", len(ms))
    yield Figure("a page for everyone else, p99", percentile(ms, 99), "ms", len(ms))


async def _ask(
    session: aiohttp.ClientSession, answered: Counter[str], what: str, method: str, url: str, **more: Any
) -> bytes:
    try:
        async with session.request(method, url, allow_redirects=False, **more) as answer:
            body = await answer.read()
            answered[f"{what} {answer.status}"] += 1
            return body
    except (aiohttp.ClientError, TimeoutError, OSError):
        answered[f"{what} 0"] += 1
        return b""


async def _run_labs(url: str, stop: asyncio.Event, answered: Counter[str]) -> None:
    while not stop.is_set():
        async with visitor(STRANGER) as session:  # each time without a cookie
            await _ask(session, answered, "lab", "POST", f"{url}/labs/", json={"pattern": PATTERN})
        await asyncio.sleep(0.1)


async def _call(url: str, stop: asyncio.Event, answered: Counter[str]) -> None:
    async with visitor(STRANGER) as session:
        made = await _ask(session, answered, "lab", "POST", f"{url}/labs/", json={"pattern": PATTERN})
        with suppress(ValueError, KeyError):
            live = f"{url}/live/{json.loads(made)['id']}/zones"
            while not stop.is_set():
                await asyncio.gather(*(_ask(session, answered, "live", "GET", live) for _ in range(20)))


async def _subscribe(url: str, stop: asyncio.Event, answered: Counter[str]) -> None:
    async with visitor(STRANGER) as session:
        while not stop.is_set():
            form = {"email": f"s{time.monotonic_ns()}@example.com"}
            await _ask(session, answered, "subscribe", "POST", f"{url}/newsletter/subscribe", data=form)
            await asyncio.sleep(0.05)


async def _login(url: str, stop: asyncio.Event, answered: Counter[str]) -> None:
    while not stop.is_set():
        async with visitor(STRANGER) as session:
            await _ask(session, answered, "login", "GET", f"{url}/admin/login/")
            token = next((cookie.value for cookie in session.cookie_jar if cookie.key == "csrftoken"), "")
            form = {"username": "editor", "password": "guess", "csrfmiddlewaretoken": token}
            headers = {"Referer": f"{url}/admin/login/"}
            await _ask(session, answered, "login", "POST", f"{url}/admin/login/", data=form, headers=headers)
        await asyncio.sleep(0.1)


async def _big_bodies(url: str, stop: asyncio.Event, answered: Counter[str]) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 65536

    while not stop.is_set():
        async with visitor(STRANGER) as session:
            await _ask(session, answered, "body", "POST", f"{url}/newsletter/subscribe", data=endless())
        await asyncio.sleep(0.1)


async def _big_heads(url: str, stop: asyncio.Event, answered: Counter[str]) -> None:
    while not stop.is_set():
        async with visitor(STRANGER) as session:
            headers = {f"X-Filler-{n}": "x" * 4000 for n in range(50)}
            await _ask(session, answered, "head", "GET", f"{url}/", headers=headers)
        await asyncio.sleep(0.1)


async def _streams(url: str, stop: asyncio.Event, answered: Counter[str]) -> None:
    async with visitor(STRANGER) as session:
        made = await _ask(session, answered, "lab", "POST", f"{url}/labs/", json={"pattern": PATTERN})
        with suppress(ValueError, KeyError):
            events = f"{url}/labs/{json.loads(made)['id']}/events"
            kept = []
            while not stop.is_set():
                with suppress(aiohttp.ClientError, TimeoutError, OSError):
                    stream = await session.get(events)
                    answered[f"stream {stream.status}"] += 1
                    kept.append(stream)
                await asyncio.sleep(0.5)
            for stream in kept:
                stream.close()


async def _search(url: str, stop: asyncio.Event, answered: Counter[str]) -> None:
    async with visitor(STRANGER) as session:
        while not stop.is_set():
            await _ask(session, answered, "search", "GET", f"{url}/search/?q={'q' * 500}")
            await asyncio.sleep(0.02)
