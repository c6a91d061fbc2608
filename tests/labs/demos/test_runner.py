"""Steps on a real lab: every kind of request and operation, and what is told when something is not as expected."""

from collections.abc import Iterator
from typing import Any

import pytest

from catalogue.labs.demos import runner
from catalogue.labs.demos.runner import StepResult, run_step
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import EdgeCall, Lab
from catalogue.labs.targets import get_target
from catalogue.labs.targets.base import TargetDown
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Step

pytestmark = pytest.mark.django_db(transaction=True)


def take(lab: Lab, variables: dict[str, Any] | None = None, **fields: Any) -> StepResult:
    step = Step.model_validate({"id": "a-step", "title": "A step", "notice": "Look.", **fields})
    return run_step(lab, step, variables or {})


def failures(result: StepResult) -> list[tuple[str, str]]:
    return [(check.what, check.seen) for check in result.checks if not check.ok]


def test_the_postboxs_whole_story_holds(lab: Lab, postbox: Pattern) -> None:
    assert postbox.demo is not None
    for step in postbox.demo.steps:
        result = run_step(lab, step, lab.saved)
        services.save_variables(lab, result.saved)
        assert failures(result) == [], step.id
    assert lab.saved == {"calls": 1, "kind": "application/json"}


def test_a_burst_goes_through_the_edge_with_numbers_and_fresh_ids(lab: Lab) -> None:
    request = {"method": "GET", "path": "/look?n={{n}}&id={{uuid}}", "times": 6, "at_once": 2}
    result = take(lab, request=request, expect={"statuses": {200: 6}})
    assert result.ok
    queries = [answer.parsed["event"]["queryStringParameters"] for answer in result.answers]
    assert [query["n"] for query in queries] == ["1", "2", "3", "4", "5", "6"]
    assert len({query["id"] for query in queries}) == 6
    assert EdgeCall.objects.filter(lab=lab).count() == 6


def test_what_is_not_as_expected_is_reported_with_what_was_seen(lab: Lab) -> None:
    result = take(
        lab,
        request={"method": "GET", "path": "/fail"},
        expect={"status": 200, "headers": {"x-own": "yes"}, "body": {"message": "~error"}},
        observe=[
            {"resource": "Web", "measure": "invocations", "equals": 2, "within": 0.5},
            {"resource": "Web", "measure": "errors", "equals": 1},
            {"resource": "Web", "measure": "logged", "text": "the counter is closed"},
            {"resource": "Nowhere", "measure": "items", "equals": 0},
        ],
    )
    assert not result.ok
    assert failures(result) == [
        ("answers 200", "502"),
        ("header x-own is yes", "nothing"),
        ("Web invocations = 2", "1 after 0.5 s"),
        ("Nowhere items = 0", "the stack has no such resource"),
    ]


def test_a_count_is_that_of_the_whole_step_though_the_first_was_enough(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure, first = runner._measure, iter([1])
    monkeypatch.setattr(runner, "_measure", lambda *what: next(first, None) or measure(*what))
    request = {"method": "GET", "path": "/look", "times": 3}
    observe = [{"resource": "Web", "measure": "invocations", "at_least": 1}]
    result = take(lab, request=request, expect={"statuses": {200: 3}}, observe=observe)
    assert (result.checks[-1].ok, result.checks[-1].seen) == (True, "3")


def test_a_value_that_no_step_saved_is_reported_and_nothing_is_sent(lab: Lab) -> None:
    result = take(lab, request={"method": "GET", "path": "/jobs/{{job}}"})
    assert failures(result) == [("an earlier step has saved job", "nothing: run the steps in order")]
    assert not EdgeCall.objects.filter(lab=lab).exists()


def test_whatever_goes_wrong_is_a_check_that_is_not_ok(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(runner, "call_edge", broken)
    result = take(lab, request={"method": "GET", "path": "/look"})
    assert failures(result) == [("the step can be taken", "an error on our side, which has been logged")]
    assert "a-step" in caplog.text


def test_an_observation_survives_one_answer_that_cannot_be_read(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Iterator[Exception | int] = iter([OverflowError("one bad answer"), TargetDown("away for a moment"), 3])

    def measure(*args: Any) -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(runner, "_measure", measure)
    result = take(
        lab,
        operation={"action": "enable-event-source", "resource": "Delivery"},
        observe=[{"resource": "Letters", "measure": "visible", "at_least": 3}],
    )
    assert failures(result) == []


def test_an_operation_that_does_not_fit_is_reported(lab: Lab) -> None:
    result = take(lab, operation={"action": "purge", "resource": "Nowhere"})
    assert failures(result) == [("AWS performs the operation", "The stack has no resource Nowhere.")]
    result = take(lab, operation={"action": "purge", "resource": "Web"})
    assert not result.ok


@pytest.mark.parametrize(
    ("operation", "command"),
    [
        (
            {"action": "set-concurrency", "resource": "Web", "value": 0},
            "aws lambda put-function-concurrency --function-name",
        ),
        ({"action": "clear-concurrency", "resource": "Web"}, "aws lambda delete-function-concurrency --function-name"),
        (
            {"action": "set-maximum-concurrency", "resource": "Delivery", "value": 2},
            "aws lambda update-event-source-mapping --uuid",
        ),
        (
            {"action": "set-batch-size", "resource": "Delivery", "value": 5},
            "aws lambda update-event-source-mapping --uuid",
        ),
        ({"action": "enable-event-source", "resource": "Delivery"}, "aws lambda update-event-source-mapping --uuid"),
        (
            {"action": "set-environment", "resource": "Web", "name": "MOOD", "value": "it's fine"},
            "aws lambda update-function-configuration --function-name",
        ),
    ],
)
def test_each_operation_is_done_and_names_its_command(lab: Lab, operation: dict[str, Any], command: str) -> None:
    result = take(lab, operation=operation)
    assert result.ok, result.checks
    assert result.cli is not None
    assert result.cli.startswith(command)
    functions, resources = get_target().client("lambda"), resources_of(lab)
    match operation["action"]:
        case "set-concurrency":
            assert take(lab, request={"method": "GET", "path": "/look"}).answers[0].status == 500
        case "set-maximum-concurrency":
            mapping = functions.get_event_source_mapping(UUID=resources["Delivery"].id)
            assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
        case "set-batch-size":
            assert functions.get_event_source_mapping(UUID=resources["Delivery"].id)["BatchSize"] == 5
        case "set-environment":
            variables = functions.get_function_configuration(FunctionName=resources["Web"].id)["Environment"][
                "Variables"
            ]
            assert variables["MOOD"] == "it's fine"
            assert "QUEUE_URL" in variables


def test_one_labs_function_cannot_reach_another_labs_queue(lab: Lab, postbox: Pattern) -> None:
    other = services.create_lab(postbox, "another").lab
    try:
        url = resources_of(other)["Letters"].id
        functions = get_target().client("lambda")
        name = resources_of(lab)["Web"].id
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"QUEUE_URL": url}})
        result = take(lab, request={"method": "POST", "path": "/letters", "json": {"to": "them"}})
        assert result.answers[0].status == 502
        sent = take(other, request={"method": "POST", "path": "/letters", "json": {"to": "us"}})
        assert sent.answers[0].status == 202
    finally:
        services.delete_lab(other)
