"""A lab's events: told as they happen, resumed where a watcher left, limited, and ended with the lab."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from botocore.parsers import ResponseParserError
from django.db import OperationalError
from django.test import AsyncClient, RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from catalogue.labs.demos import operations
from catalogue.labs.edge.client import call_edge
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.lifecycle.support.rate_limited_log import RateLimitedLog
from catalogue.labs.models import EdgeCall, Lab
from catalogue.labs.targets import get_target
from catalogue.labs.targets.base import Target
from catalogue.labs.watching import feed as feed_module
from catalogue.labs.watching import gauges
from catalogue.labs.watching import reader as reader_module
from catalogue.labs.watching import stack_reader as stack_reader_module
from catalogue.labs.watching.event_log import Cursor
from catalogue.labs.watching.reader import running_reader
from catalogue.labs.watching.stream import event_stream
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Operation
from catalogue.web.errors import Problem
from tests.labs.conftest import Deploy, run

DISABLE = Operation(action="disable-event-source", resource="Delivery")
SEND = Operation(action="send-message", resource="Letters", value="{}")


@pytest.fixture(autouse=True)
def first_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors that another test has logged are logged again."""
    for module in (reader_module, stack_reader_module, feed_module):
        monkeypatch.setattr(module, "_errors", RateLimitedLog(logging.getLogger("test")))


pytestmark = pytest.mark.django_db(transaction=True)


@given(st.text(max_size=40))
def test_any_last_event_id_is_a_cursor_or_none(text: str) -> None:
    cursor = Cursor.parse(text)
    assert cursor is None or Cursor.parse(str(cursor)) == cursor


class Watcher:
    """Reads a stream as a browser does."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._unread: list[str] = []
        self.events: list[tuple[str, dict[str, Any], str]] = []
        self.ended = False

    async def read_until(self, kind: str, *, seconds: float = 60, **wanted: Any) -> dict[str, Any]:
        """The next event of this kind with these members."""
        if found := self._next(kind, wanted):
            return found
        try:
            async with asyncio.timeout(seconds):
                async for chunk in self._chunks:
                    self._unread += chunk.decode().split("\n\n")[:-1]
                    if found := self._next(kind, wanted):
                        return found
        except TimeoutError:
            pytest.fail(f"no {kind} {wanted} within {seconds:g} s, but {self.events}")
        self.ended = True
        raise AssertionError(f"the stream ended without {kind} {wanted}")

    async def read_once(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The first event of this kind with these members, whether it has come already or not."""
        for known, data, _ in self.events:
            if known == kind and all(data.get(key) == value for key, value in wanted.items()):
                return data
        return await self.read_until(kind, **wanted)

    def _next(self, kind: str, wanted: dict[str, Any]) -> dict[str, Any] | None:
        """Of what came with a chunk that brought several events."""
        while self._unread:
            fields = dict(line.split(": ", 1) for line in self._unread.pop(0).splitlines() if ": " in line)
            if "event" not in fields:
                continue
            data: dict[str, Any] = json.loads(fields["data"])
            self.events.append((fields["event"], data, fields["id"]))
            if fields["event"] == kind and all(data.get(key) == value for key, value in wanted.items()):
                return data
        return None

    async def read_each(self, *kinds: str) -> None:
        """Read on until there has been an event of each kind, in whatever order their sources tell."""
        while missing := set(kinds) - {kind for kind, _, _ in self.events}:
            await self.read_until(next(iter(missing)))


@asynccontextmanager
async def watching(lab: Lab, last: str = "") -> AsyncIterator[Watcher]:
    request = RequestFactory().get("/", headers={"last-event-id": last} if last else {})
    response: Any = event_stream(request, lab.pk)
    chunks: Any = response.streaming_content
    try:
        yield Watcher(chunks)
    finally:
        await chunks.aclose()


def test_a_call_is_reported_with_its_invocation_its_lines_and_the_counts(lab: Lab) -> None:
    async def scenario() -> None:
        async with watching(lab) as watcher:
            state = await watcher.read_until("state")
            assert (state["id"], state["status"]) == (lab.pk, "ready")
            answer = await call_edge(lab.pk, "POST", "/letters", {}, json_body={"to": "house 1"})
            trace = answer.headers["x-amzn-trace-id"].removeprefix("Root=")
            await watcher.read_until("gauge", resource="Delivered", measure="items", value=1)
            # Counts, calls and logs are read apart from each other, so they arrive in any order.
            await watcher.read_once("request")
            for kind in ("invocation", "log"):
                for function in ("Web", "Worker"):
                    await watcher.read_once(kind, function=function)
        told = {(kind, data.get("function")): data for kind, data, _ in reversed(watcher.events)}
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


def test_a_call_whose_row_appears_after_a_later_one_is_reported_once(lab: Lab) -> None:
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
            reader = running_reader()
            (feed,) = reader.feeds.values()
            assert feed.watchers == 2
            tasks = [*reader._tasks, *(stack._task for stack in reader._stacks.values())]
            assert len(tasks) == 3
        async with asyncio.timeout(60):
            await asyncio.wait(tasks)
        assert not feed.watchers
        assert not reader.feeds

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
        async with asyncio.timeout(60):
            while running_reader().feeds:
                await asyncio.sleep(0.01)
        async with watching(lab) as three:
            await three.read_until("state")

    run(scenario())


def test_past_the_limit_of_the_whole_process_comes_429(lab: Lab, settings: Settings) -> None:
    settings.LABS_STREAMS = 1

    async def scenario() -> None:
        async with watching(lab) as one:
            await one.read_until("state")
            with pytest.raises(Problem, match="reached its limit of pages") as refused:
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
        response: Any = event_stream(RequestFactory().get("/"), lab.pk)
        chunks: Any = response.streaming_content
        try:
            async with asyncio.timeout(60):
                async for chunk in chunks:
                    if chunk.startswith(b":"):
                        return bytes(chunk)
        finally:
            await chunks.aclose()
        raise AssertionError

    assert run(scenario()) == b": still here\n\n"


def test_head_opens_no_stream_and_takes_no_place(lab: Lab, settings: Settings) -> None:
    settings.LABS_STREAMS_PER_LAB = 1

    async def scenario() -> None:
        for _ in range(3):
            response = await AsyncClient().head(f"/labs/{lab.pk}/events")
            assert (response.status_code, response["Content-Type"]) == (200, "text/event-stream")
            assert not response.streaming
            assert not running_reader().feeds
        async with watching(lab) as watcher:
            await watcher.read_until("state")

    run(scenario())


class Failing:
    """Stands in for a function: raises at first, then does what the real one does."""

    def __init__(self, real: Callable[..., Any], *errors: Exception) -> None:
        self.real = real
        self.errors = list(errors)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        return self.real(*args, **kwargs)


CUT_SHORT = ResponseParserError("Unable to parse response: no element found")


@pytest.mark.parametrize(
    ("module", "name", "error"),
    [
        (reader_module, "latest_call", OperationalError("the database is away")),
        (reader_module, "all_calls", ValueError("a row that cannot be read")),
        (reader_module, "calls_since", OverflowError("a row that cannot be read")),
        (reader_module, "signatures", OperationalError("the database is away")),
        (reader_module, "labs_of", ValueError("a row that cannot be read")),
        (reader_module, "overtaken", ValueError("no boot id")),
        (gauges, "read_log", CUT_SHORT),
        (gauges, "read_resource", CUT_SHORT),
        (gauges, "read_resource", ValueError("no number")),
    ],
)
def test_a_feed_survives_one_bad_reading_of_each_source(
    lab: Lab,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    module: Any,
    name: str,
    error: Exception,
) -> None:
    monkeypatch.setattr(module, name, Failing(getattr(module, name), error, error))

    async def scenario() -> None:
        async with watching(lab) as watcher:
            await watcher.read_until("state", status="ready")
            await call_edge(lab.pk, "POST", "/letters", {}, json_body={"to": "house 1"})
            await watcher.read_until("gauge", resource="Delivered", measure="items", value=1)
            await watcher.read_each("request", "invocation", "log")

    run(scenario())
    assert caplog.text.count("Traceback") == 1, "logged once, however often it is tried"


def test_one_lab_that_always_fails_does_not_hold_up_the_others(
    deploy: Deploy, postbox: Pattern, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = deploy(postbox, "a"), deploy(postbox, "b")
    real_read, real_refresh = gauges.read_log, services.refresh_lab

    def read_log(target: Target, logical: str, group: str, *args: Any) -> Any:
        if bad.stack in group:
            raise CUT_SHORT
        return real_read(target, logical, group, *args)

    def refresh_lab(lab: Lab) -> Lab:
        if lab.pk == bad.pk:
            raise OverflowError
        return real_refresh(lab)

    monkeypatch.setattr(gauges, "read_log", read_log)
    monkeypatch.setattr(services, "refresh_lab", refresh_lab)
    monkeypatch.setattr(reader_module, "overtaken", lambda labs: sorted(labs, key=lambda lab: lab.pk != bad.pk))

    async def scenario() -> None:
        async with watching(bad) as one, watching(good) as other:
            for watcher, lab in ((one, bad), (other, good)):
                await watcher.read_until("state", status="ready")
                await call_edge(lab.pk, "GET", "/look", {})
            await one.read_until("request")
            await other.read_each("request", "log", "invocation")
            await in_database(services.delete_lab, good)
            await other.read_until("gone")
            await in_database(services.delete_lab, bad)
            await one.read_until("gone")

    run(scenario())


def test_what_another_process_does_to_an_idle_lab_is_soon_seen(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its steps touch the lab's row: that wakes the reader of the stack."""
    monkeypatch.setattr(stack_reader_module, "_SLOWER", 1e6)
    monkeypatch.setattr(stack_reader_module, "_LONGEST_SECONDS", 1e6)

    async def scenario() -> None:
        async with watching(lab) as watcher:
            await watcher.read_until("gauge", resource="Letters", measure="visible", value=0)
            await asyncio.sleep(1)
            await in_database(operations.perform, operations.Stack(get_target(), resources_of(lab)), DISABLE)
            await in_database(operations.perform, operations.Stack(get_target(), resources_of(lab)), SEND)
            await in_database(services.touch, {lab.pk})
            await watcher.read_until("gauge", resource="Letters", measure="visible", value=1)

    run(scenario())
