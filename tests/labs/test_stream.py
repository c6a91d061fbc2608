"""A lab's events: told as they happen, resumed where a watcher left, limited, and ended with the lab."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from catalogue.errors import Problem
from catalogue.labs import feed as feed_module
from catalogue.labs import services
from catalogue.labs.database import in_database
from catalogue.labs.edge_client import call_edge
from catalogue.labs.feed import Cursor
from catalogue.labs.models import EdgeCall, Lab
from catalogue.labs.stream import event_stream
from tests.labs.conftest import run

pytestmark = pytest.mark.django_db(transaction=True)


@given(st.text(max_size=40))
def test_any_last_event_id_is_a_cursor_or_none(text: str) -> None:
    cursor = Cursor.parse(text)
    assert cursor is None or Cursor.parse(str(cursor)) == cursor


class Watcher:
    """Reads a stream as a browser does."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self.events: list[tuple[str, dict[str, Any], str]] = []
        self.ended = False

    async def read_until(self, kind: str, *, seconds: float = 20, **wanted: Any) -> dict[str, Any]:
        """The next event of this kind with these members."""
        async with asyncio.timeout(seconds):
            async for chunk in self._chunks:
                fields = dict(line.split(": ", 1) for line in chunk.decode().splitlines() if ": " in line)
                if "event" not in fields:
                    continue
                data: dict[str, Any] = json.loads(fields["data"])
                self.events.append((fields["event"], data, fields["id"]))
                if fields["event"] == kind and all(data.get(key) == value for key, value in wanted.items()):
                    return data
        self.ended = True
        raise AssertionError(f"the stream ended without {kind} {wanted}")

    async def read_each(self, *kinds: str) -> None:
        """Read on until there has been an event of each kind, in whatever order their sources tell."""
        while missing := set(kinds) - {kind for kind, _, _ in self.events}:
            await self.read_until(next(iter(missing)))


@asynccontextmanager
async def watching(lab: Lab, last: str = "") -> AsyncIterator[Watcher]:
    request = RequestFactory().get("/", headers={"last-event-id": last} if last else {})
    response = event_stream(request, lab.pk)
    chunks: Any = response.streaming_content
    try:
        yield Watcher(chunks)
    finally:
        await chunks.aclose()


def test_a_call_is_told_with_its_invocation_its_lines_and_the_counts(lab: Lab) -> None:
    async def scenario() -> None:
        async with watching(lab) as watcher:
            state = await watcher.read_until("state")
            assert (state["id"], state["status"]) == (lab.pk, "ready")
            answer = await call_edge(lab.pk, "POST", "/letters", {}, json_body={"to": "house 1"})
            trace = answer.headers["x-amzn-trace-id"].removeprefix("Root=")
            await watcher.read_until("gauge", resource="Delivered", measure="items", value=1)
            while not any(kind == "invocation" and data["function"] == "Worker" for kind, data, _ in watcher.events):
                await watcher.read_until("invocation")
        told = {(kind, data.get("function")): data for kind, data, _ in watcher.events}
        request = told["request", None]
        assert (request["method"], request["path"], request["status"]) == ("POST", "/letters", 202)
        assert told["log", "Web"]["json"]["step"] == "request.received"
        assert told["invocation", "Web"]["cold"] is True
        for key in (("request", None), ("log", "Web"), ("invocation", "Web"), ("log", "Worker")):
            assert told[key]["trace"] == trace, "one trace, through the queue to the worker"

    run(scenario())


def test_a_call_reaches_a_watcher_within_the_promised_time(lab: Lab) -> None:
    async def scenario() -> list[float]:
        delays = []
        async with watching(lab) as watcher:
            await watcher.read_until("state")
            await call_edge(lab.pk, "GET", "/look", {})
            await watcher.read_until("request")
            for _ in range(5):
                await call_edge(lab.pk, "GET", "/look", {})
                done = time.time()
                await watcher.read_until("request")
                delays.append(time.time() - done)
        return delays

    assert min(run(scenario())) < 0.3


def test_a_watcher_who_comes_back_misses_nothing_and_gets_nothing_twice(lab: Lab) -> None:
    async def scenario() -> None:
        async with watching(lab) as first:
            await call_edge(lab.pk, "GET", "/look", {})
            await first.read_each("request", "log", "invocation")
        last = first.events[-1][2]
        await call_edge(lab.pk, "GET", "/while-away", {})
        async with watching(lab, last) as second:
            await second.read_each("request", "log", "invocation")
        kinds = [kind for kind, data, _ in second.events if kind in ("request", "log", "invocation")]
        assert sorted(kinds) == ["invocation", "log", "request"]
        (request,) = [data for kind, data, _ in second.events if kind == "request"]
        assert request["path"] == "/while-away"

    run(scenario())


def test_a_call_whose_row_appears_after_a_later_one_is_told_once(lab: Lab) -> None:
    """Two processes that write at once do not commit in the order of their rows' numbers."""

    def write(pk: int, path: str) -> None:
        EdgeCall.objects.create(pk=pk, lab=lab, trace="", method="GET", path=path, status=200, ms=1, at=time.time())

    async def scenario() -> list[str]:
        async with watching(lab) as watcher:
            await in_database(write, 1_000_002, "/later")
            await watcher.read_until("request", path="/later")
            await in_database(write, 1_000_001, "/earlier")
            await watcher.read_until("request", path="/earlier")
            await in_database(write, 1_000_003, "/last")
            await watcher.read_until("request", path="/last")
        return [data["path"] for kind, data, _ in watcher.events if kind == "request"]

    assert run(scenario()) == ["/later", "/earlier", "/last"]


def test_a_late_watcher_gets_the_history(lab: Lab) -> None:
    async def scenario() -> None:
        await call_edge(lab.pk, "GET", "/early", {})
        async with watching(lab) as watcher:
            await watcher.read_each("request", "log", "invocation")
        assert [data["path"] for kind, data, _ in watcher.events if kind == "request"] == ["/early"]

    run(scenario())


def test_watchers_share_one_feed_and_its_reading_stops_with_the_last(lab: Lab) -> None:
    async def scenario() -> None:
        async with watching(lab) as one, watching(lab) as other:
            await one.read_until("state")
            await other.read_until("state")
            (feed,) = feed_module._feeds[asyncio.get_running_loop()].values()
            assert feed._watchers == 2
        async with asyncio.timeout(5):
            while feed_module._feeds[asyncio.get_running_loop()]:
                await asyncio.sleep(0.01)
            assert feed._task is not None
            while not feed._task.done():
                await asyncio.sleep(0.01)
        assert not feed.watchers

    run(scenario())


def test_past_the_limit_of_streams_comes_429(lab: Lab, settings: Settings) -> None:
    settings.LABS_STREAMS_PER_LAB = 2

    async def scenario() -> None:
        async with watching(lab) as one, watching(lab) as two:
            await one.read_until("state")
            await two.read_until("state")
            with pytest.raises(Problem) as refused:
                event_stream(RequestFactory().get("/"), lab.pk)
            assert refused.value.status == 429
            assert "Retry-After" in refused.value.headers
        async with asyncio.timeout(5):
            while feed_module._feeds[asyncio.get_running_loop()]:
                await asyncio.sleep(0.01)
        async with watching(lab) as three:
            await three.read_until("state")

    run(scenario())


def test_past_the_limit_of_the_whole_process_comes_429(lab: Lab, settings: Settings) -> None:
    settings.LABS_STREAMS = 1

    async def scenario() -> None:
        async with watching(lab) as one:
            await one.read_until("state")
            with pytest.raises(Problem, match="as this site can serve") as refused:
                event_stream(RequestFactory().get("/"), "another-lab-of-somebody")
            assert refused.value.status == 429
            assert "Retry-After" in refused.value.headers

    run(scenario())


def test_the_stream_ends_when_the_lab_is_gone(lab: Lab) -> None:
    async def scenario() -> None:
        async with watching(lab) as watcher:
            await watcher.read_until("state", status="ready")
            await in_database(services.delete_lab, lab)
            assert (await watcher.read_until("gone"))["reason"] == "You deleted it."
            with pytest.raises(AssertionError, match="the stream ended"):
                await watcher.read_until("state")

    run(scenario())


def test_silence_is_broken_by_comments(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "_SILENCE_SECONDS", 0.1)

    async def scenario() -> bytes:
        response = event_stream(RequestFactory().get("/"), lab.pk)
        chunks: Any = response.streaming_content
        try:
            async with asyncio.timeout(10):
                async for chunk in chunks:
                    if chunk.startswith(b":"):
                        return bytes(chunk)
        finally:
            await chunks.aclose()
        raise AssertionError

    assert run(scenario()) == b": still here\n\n"
