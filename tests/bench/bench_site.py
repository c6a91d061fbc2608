"""The site under measurement: `manage.py up` as an operator starts it, and a client that counts what went wrong."""

import asyncio
import json
import re
import secrets
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import yaml

from tests.support.site import ROOT, free_port, running_site

SITE_URL = "https://bench.example"
"""With DEBUG off the newsletter wants https. Every call goes to 127.0.0.1 all the same."""
UNLIMITED = {
    "LABS_PER_VISITOR": "200",
    "LABS_PER_ADDRESS": "1000",
    "LABS_STARTS_PER_HOUR": "100000",
    "LABS_REQUESTS_PER_SECOND": "100000",
    "LABS_BURST": "100000",
    "LABS_REQUESTS_AT_ONCE": "1000",
}
"""The limits on one visitor, who here stands for many; those of the machine hold."""


def environment(**more: str) -> dict[str, str]:
    """The settings of a site that others can reach, with `more` on top."""
    return UNLIMITED | {
        "DEBUG": "0",
        "SECRET_KEY": secrets.token_urlsafe(40),
        "SITE_URL": SITE_URL,
        "SMTP_HOST": "127.0.0.1",
        "FROM_EMAIL": "Bench <bench@bench.example>",
        "TRUSTED_PROXIES": "192.0.2.1",
        **more,
    }


@dataclass(frozen=True)
class BenchLab:
    """A ready lab. `path` is its endpoint's, `upstream` the emulator's address behind it."""

    id: str
    token: str
    path: str
    upstream: str
    ms: float
    """From the visitor's request until it was ready."""


@dataclass(frozen=True)
class First:
    """The first request that a pattern's demo makes."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None
    status: int


class LabFailed(Exception):
    """A lab did not become ready."""


class BenchSite:
    """The running site and one HTTP client for it."""

    def __init__(self, url: str, pid: int, var: Path, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.pid = pid
        self.session = session
        self.var = var
        self._database = var / "db.sqlite3"

    @classmethod
    @asynccontextmanager
    async def running(cls, workers: int = 1, root: Path = ROOT, /, **more: str) -> AsyncIterator[Self]:
        """A fresh site with an empty database and so many web processes; `more` goes into its environment.

        `root` is the checkout that is measured.
        """
        connector = aiohttp.TCPConnector(limit=0)
        with (
            TemporaryDirectory(prefix="bench-") as folder,
            running_site(Path(folder), free_port(), workers, root, **environment(**more)) as s,
        ):
            async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
                yield cls(s.url, s.process.pid, s.var, session)

    async def run_it(self, pattern: str) -> BenchLab:
        """Start a lab as a new visitor and wait until it is ready. Raises LabFailed."""
        started = time.perf_counter()
        async with self.session.post(f"{self.url}/labs/", json={"pattern": pattern}) as answer:
            made = await answer.json()
            if answer.status != 201:
                raise LabFailed(f"{pattern}: {answer.status} {made}")
        state = made
        while state["status"] == "deploying":
            await asyncio.sleep(0.02)
            async with self.session.get(f"{self.url}/labs/{made['id']}", headers={"Accept": "application/json"}) as one:
                state = await one.json()
        ms = (time.perf_counter() - started) * 1000
        if state["status"] != "ready":
            raise LabFailed(f"{pattern}: {state.get('reason')}")
        upstream = await asyncio.to_thread(self._upstream, made["id"])
        return BenchLab(made["id"], made["token"], urlsplit(made["endpoint"]).path, upstream, ms)

    async def delete(self, lab: BenchLab) -> None:
        headers = {"Authorization": f"Bearer {lab.token}"}
        async with self.session.delete(f"{self.url}/labs/{lab.id}", headers=headers) as answer:
            answer.raise_for_status()

    async def call(self, address: str, first: First) -> tuple[bool, float]:
        """Send the request to an endpoint, the site's or the emulator's: whether it was answered right, and the ms."""
        started = time.perf_counter()
        try:
            async with self.session.request(
                first.method, address + first.path, data=first.body, headers=first.headers, allow_redirects=False
            ) as answer:
                await answer.read()
                return answer.status == first.status, (time.perf_counter() - started) * 1000
        except (aiohttp.ClientError, TimeoutError):
            return False, (time.perf_counter() - started) * 1000

    def _upstream(self, lab_id: str) -> str:
        with sqlite3.connect(self._database) as connection:
            row = connection.execute("SELECT upstream FROM labs_lab WHERE id = ?", [lab_id]).fetchone()
        return str(row[0])


def runnable_patterns() -> list[str]:
    """The slugs of the patterns with a demo."""
    return sorted(demo.parent.name for demo in (ROOT / "patterns_content").glob("*/demo.yaml"))


def first_request(pattern: str) -> First:
    """The first request of the pattern's demo, with fresh ids where it asks for them."""
    demo = yaml.safe_load((ROOT / "patterns_content" / pattern / "demo.yaml").read_text())
    step = next(one for one in demo["steps"] if "request" in one)
    filled = re.sub(r"\{\{uuid\}\}", lambda _: str(uuid.uuid4()), json.dumps(step["request"]))
    request: dict[str, Any] = json.loads(filled)
    headers = dict(request.get("headers", {}))
    body = None
    if "json" in request:
        body = json.dumps(request["json"]).encode()
        headers["Content-Type"] = "application/json"
    return First(request["method"], request["path"], headers, body, int(step["expect"]["status"]))
