"""A recording of a real lab holds what happened in it, and nothing that leads back to it."""

import time
from typing import Any

import pytest
from botocore.parsers import ResponseParserError

from catalogue.labs.demos.runner import arun_step
from catalogue.labs.demos.runs import capture
from catalogue.labs.demos.runs.capture import recording
from catalogue.labs.edge.client import call_edge
from catalogue.labs.models import Lab
from catalogue.labs.targets import get_target
from catalogue.labs.targets.embedded import EmbeddedTarget
from catalogue.labs.watching import gauges
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.runs.document import Action, Gauge, Invocation, Log, Request, Run, Use
from tests.labs.conftest import run


def take(lab: Lab, pattern: Pattern, *ids: str) -> Run:
    assert pattern.demo is not None
    steps = {step.id: step for step in pattern.demo.steps}

    async def recorded() -> Run:
        async with recording(lab, "A morning at the counter") as rec:
            for id in ids:
                rec.step(steps[id], await arun_step(lab, steps[id], {}))
        return rec.run

    return run(recorded())


def of[E](kind: type[E], made: Run) -> list[E]:
    return [event for event in made.events if isinstance(event, kind)]


def test_a_step_is_recorded_with_its_call_its_invocation_and_its_log_lines(lab: Lab, postbox: Pattern) -> None:
    made = take(lab, postbox, "look")
    (request,) = of(Request, made)
    (invocation,) = of(Invocation, made)
    assert (request.method, request.path, request.status) == ("GET", "/look?a=1", 200)
    assert (invocation.function, invocation.trace, invocation.cold) == ("Web", request.trace, True)
    assert invocation.billed_ms >= invocation.ms + (invocation.init_ms or 0) > invocation.billed_ms - 1
    assert "request.received" in {log.step for log in of(Log, made)}
    assert (made.pattern, made.variant, made.target, made.run_hash) == (
        "postbox",
        "pattern",
        "embedded",
        postbox.run_hash,
    )
    assert made.title == "A morning at the counter"


def test_the_action_is_what_the_step_did_and_saw(lab: Lab, postbox: Pattern) -> None:
    (action,) = take(lab, postbox, "look").actions
    assert (action.id, action.title, action.action) == ("look", "Look at the counter", "GET /look?a=1")
    assert [answer.status for answer in action.answers] == [200]
    assert action.ms >= action.answers[0].ms
    assert all(check.ok for check in action.checks)
    assert {check.what for check in action.checks} >= {"answers 200", "Web invocations = 1"}


def test_events_are_in_order_and_within_the_run(lab: Lab, postbox: Pattern) -> None:
    before = time.time()
    made = take(lab, postbox, "post")
    moments = [event.at for event in made.events]
    assert moments == sorted(moments)
    assert len(of(Request, made)) == 5
    assert all(event.at + event.ms <= made.ms for event in of(Invocation, made))
    assert made.ms <= (time.time() - before) * 1000
    assert sum(1 for event in of(Invocation, made) if event.function == "Worker") >= 1


def test_gauges_are_reported_as_they_change(lab: Lab, postbox: Pattern) -> None:
    items = [event.value for event in of(Gauge, take(lab, postbox, "post")) if event.measure == "items"]
    assert items[-1] == 5
    assert all(one != other for one, other in zip([0, *items], items, strict=False))


def test_an_operation_tells_its_command_by_logical_ids(lab: Lab, postbox: Pattern) -> None:
    (action,) = take(lab, postbox, "disable").actions
    assert action.cli == "aws lambda update-event-source-mapping --uuid Delivery --no-enabled"


def test_calls_from_elsewhere_are_recorded_too(lab: Lab) -> None:
    async def recorded() -> Run:
        async with recording(lab, "From a terminal") as rec:
            answer = await call_edge(lab.pk, "GET", "/look", {})
            rec.action(Action(at=rec.at(), ms=answer.ms, id=None, title="From a terminal", action="GET /look"))
        return rec.run

    (request,) = of(Request, run(recorded()))
    assert request.path == "/look"


def test_nothing_leads_back_to_the_lab(lab: Lab, postbox: Pattern) -> None:
    text = take(lab, postbox, "look", "post", "disable").model_dump_json()
    physical = {str(pair[1]) for pair in lab.resources.values() if len(str(pair[1])) >= 8}
    for secret in {lab.pk, lab.stack, lab.upstream, get_target().client("sqs").meta.endpoint_url} | physical:
        assert secret not in text


def test_uses_are_recorded_where_the_target_counts_them(lab: Lab, postbox: Pattern, monkeypatch: Any) -> None:
    asked: list[float] = []

    def uses(self: object, resources: object, since: float) -> list[Use]:
        asked.append(since)
        return [Use(service="sqs", operation="SendMessage", resource="Letters", count=5, units=5)]

    before = time.time()
    monkeypatch.setattr(type(get_target()), "uses", uses, raising=False)
    made = take(lab, postbox, "look")
    assert [use.operation for use in made.uses] == ["SendMessage"]
    assert before <= asked[0] <= time.time()


@pytest.mark.parametrize(
    ("module", "name"),
    [(gauges, "read_gauges"), (gauges, "read_logs"), (EmbeddedTarget, "uses"), (capture, "redacted")],
)
def test_a_recording_survives_what_cannot_be_read(
    lab: Lab,
    postbox: Pattern,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    module: Any,
    name: str,
) -> None:
    real = getattr(module, name)
    failed: list[str] = []

    def fail_once(*args: Any) -> Any:
        if not failed:
            failed.append(name)
            raise ResponseParserError("cut short")
        return real(*args)

    monkeypatch.setattr(module, name, fail_once)
    made = take(lab, postbox, "look")
    assert [(action.id, action.title) for action in made.actions] == [("look", "Look at the counter")]
    assert failed
    assert caplog.text.count("Traceback") == 1


def test_a_run_that_cannot_be_redacted_is_kept_without_what_was_said_in_it(
    lab: Lab, postbox: Pattern, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> Any:
        raise RecursionError

    monkeypatch.setattr(capture, "redacted", fail)
    made = take(lab, postbox, "look")
    assert (made.actions, made.events, made.title) == ((), (), "postbox")
