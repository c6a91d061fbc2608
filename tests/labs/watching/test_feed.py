"""A lab's feed: whatever a handler prints is told as JSON that a browser reads, and a slow watcher is let go."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.labs.models import Lab, Status
from catalogue.labs.watching import feed as feed_module
from catalogue.labs.watching.event_log import LONGEST_EVENT, Cursor, EventLog, LabEvent, Overrun, encoded
from catalogue.labs.watching.feed import CallRow, Feed
from catalogue.labs.watching.gauges import Gauge
from catalogue.labs.watching.stream import _event, _pieces
from catalogue.labs.watching.trace import Event, LogLine, LogReader

DEEP = '{"a": ' * 5_000 + "1" + "}" * 5_000
ODD_LINES = [
    '{"at": 1' + "0" * 400 + "}",
    '{"at": 1e999, "n": 1e999, "x": NaN, "y": -Infinity}',
    '{"n": ' + "9" * 4_000 + "}",
    '{"n": ' + "9" * 5_000 + "}",
    '{"half": "\\ud800", "\\udfff": 1, "null": "\\u0000"}',
    "plain text with half a \ud800 pair and a \0",
    "not UTF-8, as it was decoded: \ufffd\udcff",
    DEEP,
    "[" * 200_000,
    '{"at": true, "trace": {"no": "text"}}',
    "REPORT RequestId: forged Duration: 1.2.3 ms",
    f"REPORT RequestId: forged Duration: {'9' * 400} ms\tBilled Duration: {'9' * 400} ms\tMemory Size: {'9' * 400} MB",
    "REPORT RequestId: forged Duration: . ms",
    '{"wide": ' + json.dumps({f"m{n}": n for n in range(5_000)}) + "}",
    '{"long": "' + "x" * 200_000 + '"}',
    "",
]


def strictly(data: bytes) -> Any:
    """As a browser reads it."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(data.decode(), parse_constant=refuse)


def told(feed: Feed) -> list[LabEvent]:
    return feed._log.kept()


@pytest.mark.parametrize("odd", ODD_LINES, ids=lambda text: text[:30])
def test_one_odd_line_keeps_back_no_other(odd: str) -> None:
    feed = Feed("a-lab")
    lines = [LogLine("Web", "stream", 1_000 + n, text) for n, text in enumerate(["before", odd, '{"step": "after"}'])]
    feed.tell_lines(lines)
    said = [strictly(one.data) for one in told(feed)]
    assert said[0]["message"] == "before"
    assert said[-1]["json"] == {"step": "after"}
    assert all(len(one.data) <= LONGEST_EVENT for one in told(feed))


@given(
    st.text(),
    st.recursive(
        st.floats() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    ),
)
def test_whatever_is_said_is_one_line_of_json_for_a_browser(text: str, value: Any) -> None:
    for line in (text, json.dumps({"said": value}), "REPORT RequestId: x " + text):
        for event in LogReader().read([LogLine("Web", "stream", 1, line)]):
            written = encoded(event.data)
            strictly(written)
            assert b"\n" not in written
            assert b"\r" not in written


def test_an_event_that_cannot_be_reported_keeps_back_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = EventLog.add

    def add(log: EventLog, event: Event, cursor: Cursor, place: Cursor) -> None:
        if event.data.get("path") == "/bad":
            raise OverflowError
        real(log, event, cursor, place)

    monkeypatch.setattr(EventLog, "add", add)
    feed = Feed("a-lab")
    paths = ["/one", "/bad", "/bad", "/two"]
    feed.tell_calls([CallRow(n + 1, "a-lab", "", "GET", path, 200, 1.0, 1.0) for n, path in enumerate(paths)])
    assert [strictly(one.data)["path"] for one in told(feed)] == ["/one", "/two"]
    assert caplog.text.count("could not be sent") == 1, "logged once, not for each"


def test_the_log_is_bounded_in_events_and_bytes() -> None:
    log = EventLog(most_events=10, most_bytes=1_000)
    for n in range(25):
        log.add(Event("log", {"n": n}), Cursor(), Cursor())
    assert [strictly(one.data)["n"] for one in log.kept()] == list(range(15, 25))
    log.add(Event("log", {"message": "x" * 900}), Cursor(), Cursor())
    assert sum(len(one.data) for one in log.kept()) <= 1_000
    log.add(Event("log", {"message": "x" * 5_000}), Cursor(), Cursor())
    assert len(log.kept()) == 1, "the newest stays, whatever its size"


def test_a_watcher_learns_that_it_has_missed_something() -> None:
    log = EventLog(most_events=3)
    for n in range(3):
        log.add(Event("log", {"n": n}), Cursor(), Cursor())
    assert [one.number for one in log.since(0)] == [1, 2, 3]
    assert [one.number for one in log.since(2)] == [3]
    assert log.since(3) == []
    log.add(Event("log", {}), Cursor(), Cursor())
    assert [one.number for one in log.since(1)] == [2, 3, 4]
    with pytest.raises(Overrun):
        log.since(0)


async def test_a_watcher_slower_than_the_events_is_let_go_and_resumes_by_its_cursor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed_module, "EventLog", lambda: EventLog(most_events=4))
    feed = Feed("a-lab")

    def call(number: int) -> None:
        feed.tell_calls([CallRow(number, "a-lab", "", "GET", f"/{number}", 200, 1.0, 1.0)])

    call(1)
    watching = feed.events(None)
    (first,) = await anext(watching)
    for number in range(2, 8):
        call(number)
    with pytest.raises(Overrun):
        await anext(watching)
    again = feed.events(Cursor.parse(str(first.cursor)))
    assert [strictly(one.data)["path"] for one in await anext(again)] == ["/4", "/5", "/6", "/7"]


@pytest.mark.parametrize("count", [0, 1, 40])
def test_a_long_history_is_sent_in_pieces(count: int) -> None:
    log = EventLog()
    for number in range(count):
        log.add(Event("request", {"path": "x" * 10_000}), Cursor(call=number), Cursor(call=number))
    pieces = list(_pieces(log.kept()))
    assert max(map(len, pieces)) < 80_000, "one piece is held for a client that does not read"
    assert b"".join(pieces) == (b"".join(map(_event, log.kept())) or b": still here\n\n")


async def test_all_watchers_get_the_same_bytes_in_the_same_order() -> None:
    feed = Feed("a-lab")

    async def watch() -> list[bytes]:
        seen: list[bytes] = []
        async for told in feed.events(None):
            seen += [one.data for one in told]
            await asyncio.sleep(0)
        return seen

    watchers = [asyncio.create_task(watch()) for _ in range(5)]
    await asyncio.sleep(0)
    feed.tell_gauges([Gauge("Queue", "visible", 1)])
    feed.tell_gauges([Gauge("Queue", "visible", 1)])
    feed.tell_gauges([Gauge("Queue", "visible", 0)])
    feed.tell_state(None)
    first, *others = await asyncio.gather(*watchers)
    assert [strictly(data).get("value") for data in first] == [1, 0, None]
    assert all(one == first for one in others)
    assert all(a is b for one in others for a, b in zip(one, first, strict=True)), "made once for all"


def test_a_stack_at_work_is_expected_to_do_more() -> None:
    feed = Feed("a-lab")
    assert not feed.expects_more
    feed.tell_gauges([Gauge("Queue", "in_flight", 1), Gauge("Table", "items", 7)])
    assert feed.expects_more
    feed.tell_gauges([Gauge("Queue", "in_flight", 0)])
    assert not feed.expects_more
    feed.tell_lines([LogLine("Web", "s", 1, "START RequestId: r")])
    assert feed.expects_more
    feed.tell_lines([LogLine("Web", "s", 2, "REPORT RequestId: r\tDuration: 1 ms")])
    assert not feed.expects_more


@pytest.mark.parametrize(
    ("pattern", "alone"),
    [("function-as-a-web-service", False), ("queue-based-load-leveling", True), ("claim-check", True)],
)
def test_only_a_stack_whose_callers_all_wait_is_over_with_the_answer(
    pattern: str, alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed("a-lab")
    assert feed.works_alone, "until its template has been read"
    monkeypatch.setattr(feed, "_tell_document", lambda lab: None)
    feed.tell_state(Lab(pattern=pattern, variant="pattern", status=Status.READY))
    assert feed.works_alone is alone
