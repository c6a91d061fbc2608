"""Visitors of a running site: a steady rate of mixed requests, each noted with its status and time.

Each visitor has a loopback address of its own (127.0.0.0/8), since the site limits what one address may do.
"""

import asyncio
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.bench.bench_site import first_request
from tests.reliability.fuzz.report import LAB_FAILED

PATTERN = "function-as-a-web-service"
PAGES = ("/", "/patterns/", f"/patterns/{PATTERN}/", "/search/?q=queue", "/about/")
SECONDS = 30
"""How long a visitor waits for an answer."""


@dataclass(frozen=True)
class Answer:
    """One request and what came back. `status` is 0 where nothing came."""

    kind: str
    at: float
    status: int
    ms: float
    detail: str = ""


@dataclass
class Seen:
    """All answers of one run."""

    answers: list[Answer] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Answer]:
        return [answer for answer in self.answers if not kinds or answer.kind in kinds]

    def since(self, at: float) -> "Seen":
        return Seen([answer for answer in self.answers if answer.at >= at])

    def statuses(self) -> dict[int, int]:
        return dict(sorted(Counter(answer.status for answer in self.answers).items()))

    def unexpected(self, allowed: Iterable[int] = (503,)) -> list[Answer]:
        """Answers of 5xx, but for those that are allowed: 503 says that the site knows what is missing.

        A function of a lab that fails answers 502 with API Gateway's own message: that is the lab's answer.
        """
        known = set(allowed)
        return [
            answer
            for answer in self.answers
            if answer.status >= 500
            and answer.status not in known
            and not (answer.status == 502 and answer.detail == LAB_FAILED)
        ]

    def unanswered(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.status == 0]


def addresses() -> Iterator[str]:
    """Loopback addresses to come from, one after the other."""
    return itertools.cycle(f"127.0.{third}.{fourth}" for third in range(1, 9) for fourth in range(1, 200))


@asynccontextmanager
async def visitor(address: str) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client that comes from this address, with cookies of its own."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0), limit=0)
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar) as session:
        yield session


class Visitors:
    """`rate` requests a second to a site until `stop`: pages, a lab's endpoint, its page, subscriptions."""

    def __init__(self, url: str, rate: float, seed: int = 1, pages: Iterable[str] = PAGES) -> None:
        self.seen = Seen()
        self._url = url
        self._rate = rate
        self._random = random.Random(seed)
        self._pages = tuple(pages)
        self._addresses = addresses()
        self._lab: dict[str, str] = {}
        self._wanted = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._number = 0

    @asynccontextmanager
    async def coming(self) -> AsyncIterator[Seen]:
        """Visitors come for the length of a block; at its end the last are waited for."""
        conductor = asyncio.create_task(self._conduct())
        try:
            yield self.seen
        finally:
            conductor.cancel()
            await asyncio.gather(conductor, *self._tasks, return_exceptions=True)

    async def _conduct(self) -> None:
        started = time.monotonic()
        for number in itertools.count():
            await asyncio.sleep(max(0, started + number / self._rate - time.monotonic()))
            self._number = number
            task = asyncio.create_task(self._one())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _one(self) -> None:
        kind = self._random.choices(("page", "live", "lab", "subscribe"), (60, 25, 10, 5))[0]
        async with visitor(next(self._addresses)) as session:
            if kind == "page":
                await self._note("page", session, "GET", self._random.choice(self._pages))
            elif kind == "subscribe":
                address = f"reader-{self._number}@example.com"
                await self._note("subscribe", session, "POST", "/newsletter/subscribe", data={"email": address})
            elif not self._lab:
                await self._run_it(session)
            elif "id" not in self._lab:  # another visitor is waiting for it
                await self._note("page", session, "GET", self._random.choice(self._pages))
            elif kind == "live":
                first = first_request(PATTERN)
                path = f"/live/{self._lab['id']}{first.path}"
                answer = await self._note("live", session, first.method, path, data=first.body, headers=first.headers)
                if answer.status in (404, 410):
                    self._lab = {}
            else:
                await self._note("lab", session, "GET", f"/labs/{self._lab['id']}")

    async def _run_it(self, session: aiohttp.ClientSession) -> None:
        self._lab = {"status": "deploying"}
        answer = await self._note("run", session, "POST", "/labs/", json={"pattern": PATTERN})
        self._lab = json.loads(answer.detail) if answer.status == 201 else {}

    async def _note(self, kind: str, session: aiohttp.ClientSession, method: str, path: str, **more: Any) -> Answer:
        at, started, detail, status = time.time(), time.perf_counter(), "", 0
        headers = {"Accept": "application/json"} | (more.pop("headers", None) or {})
        try:
            async with session.request(
                method, self._url + path, headers=headers, allow_redirects=False, **more
            ) as answer:
                detail, status = (await answer.read())[:2000].decode(errors="replace"), answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            detail = repr(error)
        noted = Answer(kind, at, status, (time.perf_counter() - started) * 1000, detail)
        self.seen.answers.append(noted)
        return noted


async def until_true(condition: Callable[[], Awaitable[bool]], seconds: float) -> float | None:
    """Seconds until an asynchronous condition holds; None if it never did."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if await condition():
            return time.monotonic() - started
        await asyncio.sleep(0.1)
    return None


async def everything_works(url: str) -> bool:
    """Whether a page, a new lab with its endpoint, and a subscription are answered as they should be."""
    async with visitor("127.0.9.1") as session:
        try:
            async with asyncio.timeout(15):
                async with session.get(url + "/") as page:
                    if page.status != 200:
                        return False
                async with session.post(url + "/labs/", json={"pattern": PATTERN}) as made:
                    lab = await made.json()
                    if made.status != 201 or lab["status"] != "ready":
                        return False
                first = first_request(PATTERN)
                async with session.request(
                    first.method, f"{url}/live/{lab['id']}{first.path}", data=first.body, headers=first.headers
                ) as called:
                    if called.status != first.status:
                        return False
                token = {"Authorization": f"Bearer {lab['token']}"}
                async with session.delete(f"{url}/labs/{lab['id']}", headers=token) as deleted:
                    return deleted.status in (204, 404)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError):
            return False
