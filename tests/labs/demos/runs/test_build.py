"""The run document is built from what was observed, and kept within bounds without losing count: pure."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.labs.demos.expectations import StepAnswer
from catalogue.labs.demos.runs.bounds import MOST_EVENTS, bounded, thinned
from catalogue.labs.demos.runs.build import Head, Observed, answers_of, build_run
from catalogue.labs.demos.runs.taking import MOST_BYTES, numbered, small
from catalogue.labs.models import EdgeCall
from catalogue.labs.watching.gauges import Gauge as Reading
from catalogue.labs.watching.trace import Event, LogLine, LogReader
from catalogue.patterns.runs.document import Action, ActionAnswer, Gauge, Invocation, Log, Request, Run
from catalogue.patterns.runs.document import Event as Told
from catalogue.patterns.runs.recorded import recorded_text

SINCE = 1_795_426_037.25
HEAD = Head("postbox", "pattern", "A morning", "embedded", "0" * 64)
TRACE = "1-6b0406f5-6a4f8d0ccf3d54cf950abdda"


def call(at: float, ms: float = 10, trace: str = TRACE) -> EdgeCall:
    return EdgeCall(trace=trace, method="POST", path="/letters", status=202, ms=ms, at=at)


def built(observed: Observed, *actions: Action) -> Run:
    return build_run(HEAD, actions, observed)


def said(**fields: object) -> Event:
    data = {"at": SINCE + 0.005, "function": "Web", "trace": TRACE, "json": {"at": 1, "trace": TRACE, **fields}}
    return Event("log", data)


def test_moments_are_milliseconds_from_the_runs_start_and_never_before_it() -> None:
    run = built(Observed(SINCE, [call(SINCE + 1.5), call(SINCE - 0.2)]))
    assert [event.at for event in run.events] == [0, 1500]
    assert run.recorded_at == datetime.fromtimestamp(math.floor(SINCE), UTC)


def test_a_run_lasts_until_its_last_action_or_event_is_over() -> None:
    action = Action(at=5, ms=20, id=None, title="GET /", action="GET /")
    assert built(Observed(SINCE), action).ms == 25
    assert built(Observed(SINCE, [call(SINCE + 0.1, ms=900)]), action).ms == 1000
    assert built(Observed(SINCE)).ms == 0


def test_log_lines_and_reports_become_events() -> None:
    at = int(SINCE * 1000)
    lines = [
        LogLine("Web", "s", at + 40, "START RequestId: r Version: 1"),
        LogLine("Web", "s", at + 40, f'{{"step": "order.taken", "trace": "Root={TRACE}", "item": "mug"}}'),
        LogLine("Web", "s", at + 40, "REPORT RequestId: r\tDuration: 12.34 ms\tBilled Duration: 113 ms\t"
                "Memory Size: 256 MB\tInit Duration: 100.00 ms"),
    ]  # fmt: skip
    invocation, log = built(Observed(SINCE, traced=list(LogReader().read(lines)))).events
    assert isinstance(invocation, Invocation)
    assert isinstance(log, Log)
    assert invocation.at == pytest.approx(27.66, abs=0.1)
    assert (invocation.ms, invocation.billed_ms, invocation.cold, invocation.trace) == (12.34, 113, True, TRACE)
    assert (log.step, log.fields, log.text) == ("order.taken", {"item": "mug"}, None)


def test_a_gauge_is_reported_when_it_changes_and_was_zero_before() -> None:
    values = [0, 0, 3, 3, 5, 0, 0]
    readings = [(SINCE + n / 10, Reading("Letters", "visible", value)) for n, value in enumerate(values)]
    told = [event for event in built(Observed(SINCE, readings=readings)).events if isinstance(event, Gauge)]
    assert [(event.at, event.value) for event in told] == [(200, 3), (400, 5), (500, 0)]


def test_what_no_database_takes_is_made_harmless() -> None:
    deep: object = 1
    for _ in range(30):
        deep = [deep]
    (log,) = built(Observed(SINCE, traced=[said(nan=math.nan, nul="a\0b", deep=deep, half="\ud800")])).events
    assert isinstance(log, Log)
    assert log.fields["nan"] == "nan"
    assert log.fields["nul"] == "a\N{REPLACEMENT CHARACTER}b"
    assert log.fields["half"] == "?"
    assert len(str(log.fields["deep"])) < 40
    assert answers_of([StepAnswer(200, {}, "a\0b", 1)]) == (
        ActionAnswer(status=200, ms=1, body="a\N{REPLACEMENT CHARACTER}b"),
    )


def invocation(number: int, *, cold: bool = False) -> Invocation:
    return Invocation(at=number, ms=1, function="Web", trace=None, cold=cold, init_ms=None, memory_mb=128,
                      billed_ms=2, error=False)  # fmt: skip


def an_event(kind: str, number: int) -> Told:
    match kind:
        case "request":
            return Request(at=number, ms=1, trace="t", method="GET", path="/", status=200)
        case "invocation":
            return invocation(number, cold=number % 3 == 0)
        case "log":
            return Log(at=number, function="Web", trace=None)
        case _:
            return Gauge(at=number, resource="Q", measure="visible", value=number)


@given(st.lists(st.sampled_from(["request", "invocation", "log", "gauge"]), max_size=80), st.integers(0, 80))
def test_whatever_is_left_out_is_counted(kinds: list[str], most: int) -> None:
    events = [an_event(kind, n) for n, kind in enumerate(kinds)]
    kept, left_out = thinned(events, most)
    assert len(kept) == min(most, len(events))
    for kind in ("request", "invocation", "log", "gauge"):
        counted = sum(event.kind == kind for event in kept) + sum(part.count for part in left_out if part.kind == kind)
        assert counted == kinds.count(kind)
    assert sum(part.billed_ms for part in left_out) == 2 * sum(p.count for p in left_out if p.kind == "invocation")
    assert [event.at for event in kept] == sorted(event.at for event in kept)


def test_gauges_and_log_lines_go_before_invocations_and_calls() -> None:
    events = [Gauge(at=n, resource="Q", measure="visible", value=n) for n in range(10)]
    kept, left_out = thinned([*events, *(invocation(n) for n in range(10))], 12)
    assert sum(event.kind == "invocation" for event in kept) == 10
    assert [event.at for event in kept if event.kind == "gauge"] == [0, 9]
    assert [(part.kind, part.what, part.count) for part in left_out[:1]] == [("gauge", "Q", 1)]


def test_long_texts_are_cut_and_of_a_burst_one_body_of_each_status_is_kept() -> None:
    answers = tuple(ActionAnswer(status=status, ms=1, body="x" * 5000) for status in (202, 202, 429))
    action = Action(at=0, ms=1, id=None, title="t", action="d", answers=answers)
    run = bounded(built(Observed(SINCE, traced=[said(text="y" * 9000)]), action))
    assert [len(answer.body) for answer in run.actions[0].answers] == [1000, 0, 1000]
    assert len(run.model_dump_json()) < 6000
    assert len(bounded(run.model_copy(update={"events": (invocation(1),) * 5000})).events) == MOST_EVENTS


def test_a_recorded_run_fits_its_file_and_counts_what_it_does_not_hold() -> None:
    calls = [call(SINCE + n / 100, trace=f"1-00000000-{n:024x}") for n in range(400)]
    run = small(numbered(built(Observed(SINCE, calls, traced=[said(text="z" * 200, n=n) for n in range(400)]))))
    assert len(recorded_text(run).encode()) <= MOST_BYTES
    held = len(run.events) + sum(part.count for part in run.left_out)
    assert held == 800
    assert Run.model_validate_json(recorded_text(run)) == run


def test_traces_are_numbered_by_their_appearance() -> None:
    run = numbered(built(Observed(SINCE, [call(SINCE)], traced=[said(cause=f"Root={TRACE}")])))
    request, log = run.events
    assert isinstance(request, Request)
    assert isinstance(log, Log)
    assert (request.trace, log.trace, log.fields) == ("t1", "t1", {"cause": "Root=t1"})
