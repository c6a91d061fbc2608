"""How fast a lab may be called, counted by several processes together through a real Redis."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from catalogue.base.backends import cache
from catalogue.labs.edge.rates import OwnRate, SharedRate, rate
from catalogue.labs.lifecycle.limits import TokenBucket
from tests.support.redis import Server


@asynccontextmanager
async def processes(server: Server, count: int) -> AsyncIterator[list[SharedRate]]:
    """As many as count for themselves; what one process has, another shares only through the server."""
    made = [SharedRate(server.url) for _ in range(count)]
    try:
        yield made
    finally:
        for one in made:
            await one.close()


@pytest.fixture(autouse=True)
def limits(settings: Any) -> None:
    settings.LABS_REQUESTS_PER_SECOND = 20
    settings.LABS_BURST = 100


async def let_through(rates: list[SharedRate], lab: str, each: int) -> int:
    waits = await asyncio.gather(*(one.take(lab) for _ in range(each) for one in rates))
    return sum(wait == 0 for wait in waits)


async def test_processes_share_one_burst(redis_server: Server) -> None:
    async with processes(redis_server, 3) as rates:
        began = time.monotonic()
        passed = await let_through(rates, "burst", 100)
        refilled = (time.monotonic() - began) * 20
        assert 100 <= passed <= 100 + refilled + 1
        assert await let_through(rates, "another", 1) == 3, "each lab has its own"


async def test_a_refusal_says_when_and_costs_no_way_to_the_server(
    redis_server: Server, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.LABS_REQUESTS_PER_SECOND = 0.01
    settings.LABS_BURST = 2
    async with processes(redis_server, 1) as (one,):
        assert [await one.take("full"), await one.take("full")] == [0, 0]
        assert 90 < await one.take("full") <= 100
        monkeypatch.setattr(one, "_renew", None)
        assert all([await one.take("full") > 0 for _ in range(20)])


async def test_ten_requests_are_one_question_to_the_server(
    redis_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with processes(redis_server, 1) as (one,):
        asked = 0
        renew = one._renew

        async def counted(lab_id: str, lease: Any) -> bool:
            nonlocal asked
            asked += 1
            return await renew(lab_id, lease)

        monkeypatch.setattr(one, "_renew", counted)
        assert await let_through([one], "few questions", 50) == 50
        assert asked <= 6


async def test_what_a_process_does_not_spend_goes_back(
    redis_server: Server, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.LABS_REQUESTS_PER_SECOND = 0.01
    settings.LABS_BURST = 30
    monkeypatch.setattr("catalogue.labs.edge.rates._LEASE_SECONDS", 0)
    async with processes(redis_server, 1) as (one,):
        assert [await one.take("slow") for _ in range(30)] == [0] * 30
        assert await one.take("slow") > 0


async def test_while_the_cache_is_away_each_process_counts_for_itself(
    redis_server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "AWAY_SECONDS", 0.2)
    take = TokenBucket.take
    monkeypatch.setattr(TokenBucket, "take", lambda bucket: take(bucket, bucket._at))  # time stands still
    async with processes(redis_server, 2) as rates:
        assert await let_through(rates, "away", 1) == 2
        redis_server.stop()
        try:
            with caplog.at_level(logging.WARNING):
                passed = await let_through(rates, "away", 130)
        finally:
            redis_server.start()
        # A burst each, and what each has left of its lease of ten.
        assert 200 <= passed <= 218
        assert len(caplog.records) == 1
        await asyncio.sleep(cache.AWAY_SECONDS)
        assert await let_through(rates, "back", 1) == 2


async def test_without_an_address_the_process_counts_alone() -> None:
    assert isinstance(rate(), OwnRate)
