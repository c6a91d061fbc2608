"""A server's answers as they come over the wire, and a page once it is kept."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

PATIENCE_SECONDS = 120
ENOUGH = 50
"""So many connections one after the other do not all come to the same one of two workers."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Found in any case."""
    body: bytes


async def get(url: str, headers: dict[str, str]) -> Answer:
    """The answer with its body as it came, not decompressed."""
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(url, headers=headers, allow_redirects=False) as answer,
    ):
        return Answer(answer.status, answer.headers.copy(), await answer.read())


async def kept(url: str) -> Answer:
    """The page once it has been built, and every worker has taken it up: a site that has just started still renders it
    live."""
    in_a_row = 0
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = await get(url, {"Accept-Encoding": "gzip"})
            kept = answer.headers.get("Content-Encoding") == "gzip" and "ETag" in answer.headers
            in_a_row = in_a_row + 1 if kept else 0
            if in_a_row == ENOUGH:
                return answer
            if not kept:
                await asyncio.sleep(0.2)
