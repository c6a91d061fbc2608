"""How many streams watch a lab, counted by several processes together through a real Redis."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from django.test import RequestFactory

from catalogue.base.backends import cache
from catalogue.labs.watching import stream, stream_places
from catalogue.labs.watching.feed import TooManyStreams
from catalogue.labs.watching.stream_places import StreamPlaces
from catalogue.web.errors import Problem
from tests.support.redis import Server, running_redis


@pytest.fixture(autouse=True)
def limit(settings: Any) -> None:
    settings.LABS_STREAMS_PER_LAB = 2


@pytest.fixture
async def two(redis_server: Server) -> AsyncIterator[tuple[StreamPlaces, StreamPlaces]]:
    """As two processes have them."""
    one, other = StreamPlaces(redis_server.url), StreamPlaces(redis_server.url)
    yield one, other
    for each in (one, other):
        await each._redis.aclose()


async def test_processes_share_the_places_and_a_stream_that_ends_gives_its_own_back(
    two: tuple[StreamPlaces, StreamPlaces],
) -> None:
    one, other = two
    first, second = await one.take("lab"), await other.take("lab")
    assert first
    assert second
    async with one.held("lab", first), other.held("lab", second):
        for each in two:
            with pytest.raises(TooManyStreams):
                await each.take("lab")
        assert await one.take("another lab")
    third = await one.take("lab")
    assert third
    assert await other.take("lab")
    assert one._renewing is None


async def test_a_stream_is_counted_for_as_long_as_its_process_lives(
    two: tuple[StreamPlaces, StreamPlaces], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_places, "LEASE_SECONDS", 4.0)
    monkeypatch.setattr(stream_places, "RENEW_SECONDS", 0.1)
    one, other = two
    kept, _left_behind = await one.take("short"), await other.take("short")
    async with one.held("short", kept):
        async with asyncio.timeout(30):
            while True:  # the lease that is not renewed ends
                with contextlib.suppress(TooManyStreams):
                    if await other.take("short"):  # empty while a busy server counts as away for a moment
                        break
                await asyncio.sleep(0.05)
        with pytest.raises(TooManyStreams):
            await other.take("short")


@pytest.fixture
def own_server() -> Iterator[Server]:
    with running_redis() as server:
        yield server


async def test_while_the_cache_is_away_each_process_counts_for_itself(own_server: Server) -> None:
    places = StreamPlaces(own_server.url)
    name = await places.take("lab")
    own_server.stop()
    async with places.held("lab", name):
        assert [await places.take("lab") for _ in range(4)] == [""] * 4
        assert cache.away.now()


async def test_one_stream_more_is_refused_before_it_begins(
    redis_server: Server, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CACHE_URL = redis_server.url
    settings.CACHES = {"default": {"LOCATION": redis_server.url}}
    places = stream_places.running_places()
    assert places is not None
    taken = [await places.take("full") for _ in range(2)]
    get = RequestFactory().get("/")
    with pytest.raises(Problem) as refused:
        await stream.admitted_stream(get, "full")
    assert refused.value.status == 429
    assert "Retry-After" in refused.value.headers
    await stream.admitted_stream(RequestFactory().head("/"), "full")
    await places.give_back("full", taken[0])

    async def nothing(*_: Any) -> AsyncIterator[Any]:
        return
        yield

    monkeypatch.setattr(stream, "watch", nothing)
    answer = await stream.admitted_stream(get, "full")
    assert [chunk async for chunk in answer] == [b"retry: 1000\n\n"]  # type: ignore[attr-defined]
    assert await places.take("full"), "the stream has ended"
    await places._redis.aclose()
