"""Saga: what the embedded AWS does, as the pattern's ledger reports it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.targets import get_target
from tests.labs.fidelity.conftest import Stack, until

SLUG = "saga"
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def put(stack: Stack, trip: str, departure: str = "sea") -> int:
    return int(stack.call("PUT", f"/trips/{trip}", json={"departure": departure}).status)


def execution(stack: Stack, trip: str) -> dict[str, Any]:
    arn = stack.id("TripMachine").replace(":stateMachine:", ":execution:")
    found: dict[str, Any] = stack.client("stepfunctions").describe_execution(executionArn=f"{arn}:{trip}")
    return found


def ended(stack: Stack, trip: str) -> dict[str, Any]:
    until(lambda: execution(stack, trip)["status"] != "RUNNING")
    return execution(stack, trip)


def history(stack: Stack, trip: str) -> list[dict[str, Any]]:
    arn = execution(stack, trip)["executionArn"]
    pages = stack.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


def change_retries(stack: Stack, state: str, **retrier: Any) -> None:
    """Give a state of the deployed state machine another retrier."""
    states = stack.client("stepfunctions")
    found = states.describe_state_machine(stateMachineArn=stack.id("TripMachine"))
    definition = json.loads(found["definition"])
    definition["States"][state]["Retry"] = [{"ErrorEquals": ["States.ALL"], **retrier}]
    states.update_state_machine(stateMachineArn=stack.id("TripMachine"), definition=json.dumps(definition))


def steps(stack: Stack, function: str) -> list[str]:
    return [json.loads(line.message)["step"] for line in stack.lines(function, '"step"')]


@pytest.mark.ledger(SLUG, "names")
def test_a_name_can_be_used_once(stack: Stack) -> None:
    assert put(stack, "one") == 202
    states, first = stack.client("stepfunctions"), execution(stack, "one")
    again = {"stateMachineArn": first["stateMachineArn"], "name": "one", "input": first["input"]}
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(**again)
    assert ended(stack, "one")["status"] == "SUCCEEDED"
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(**again)
    assert put(stack, "one") == 200
    assert put(stack, "one", "mountains") == 409


@pytest.mark.ledger(SLUG, "refusal")
def test_a_refused_trip_is_undone_in_reverse_order_and_succeeds(stack: Stack) -> None:
    stack.set_environment("CarFunction", CAPACITY="1")
    put(stack, "one")
    ended(stack, "one")
    put(stack, "two")
    found = ended(stack, "two")
    assert found["status"] == "SUCCEEDED"
    assert json.loads(found["output"]) == {
        "status": "refused",
        "reason": "The car has nothing left for this departure",
    }
    entered = [
        event["stateEnteredEventDetails"]["name"]
        for event in history(stack, "two")
        if event["type"] == "TaskStateEntered"
    ]
    assert entered == ["BookHotel", "BookFlight", "BookCar", "CancelFlight", "CancelHotel"]


@pytest.mark.ledger(SLUG, "retries")
def test_a_limit_for_pauses_is_ignored(stack: Stack) -> None:
    change_retries(
        stack,
        "CancelFlight",
        IntervalSeconds=3,
        BackoffRate=1.0,
        MaxAttempts=1,
        MaxDelaySeconds=1,
        JitterStrategy="FULL",
    )
    stack.set_environment("FlightFunction", FAILS="cancel")
    stack.set_environment("CarFunction", DIES="after-booking")
    put(stack, "one")
    ended(stack, "one")
    times = [event["timestamp"] for event in history(stack, "one") if event["type"] == "TaskFailed"]
    assert (times[-1] - times[-2]).total_seconds() >= 3, "on AWS, at most one second and the call"


@pytest.mark.ledger(SLUG, "errors")
def test_every_error_of_a_handler_has_the_same_name(stack: Stack) -> None:
    stack.replace_handler("HotelFunction", "def handler(event, context):\n    raise KeyError('room')\n")
    put(stack, "one")
    until(lambda: [event for event in history(stack, "one") if event["type"] == "TaskFailed"])
    failed = [event["taskFailedEventDetails"] for event in history(stack, "one") if event["type"] == "TaskFailed"]
    assert {details["error"] for details in failed} == {"Runtime.HandlerError"}


@pytest.mark.ledger(SLUG, "stuck")
def test_what_cannot_be_undone_goes_to_a_person_after_the_rest_is_undone(stack: Stack) -> None:
    change_retries(stack, "CancelFlight", IntervalSeconds=1, BackoffRate=1.0, MaxAttempts=1)
    stack.set_environment("FlightFunction", FAILS="cancel")
    stack.set_environment("CarFunction", DIES="after-booking")
    put(stack, "one")
    found = ended(stack, "one")
    assert (found["status"], found["error"], found["cause"]) == ("FAILED", "NotUndone", "Still booked: flight")
    assert "cancel.done" in steps(stack, "HotelFunction")
    assert "cancel.done" in steps(stack, "CarFunction")
    (message,) = stack.client("sqs").receive_message(QueueUrl=stack.id("NotUndoneQueue"))["Messages"]
    told = json.loads(message["Body"])
    assert (told["trip"], told["departure"], told["not_undone"]) == ("one", "sea", "flight")
    assert json.loads(stack.call("GET", "/trips/one").body)["status"] == "stuck"


@pytest.mark.ledger(SLUG, "reading")
def test_an_execution_can_be_read_at_once(stack: Stack) -> None:
    for number in range(5):
        put(stack, f"trip-{number}")
        assert stack.call("GET", f"/trips/trip-{number}").status == 200


@pytest.mark.ledger(SLUG, "transitions")
def test_a_retry_counts_as_a_transition(stack: Stack) -> None:
    def counted() -> int:
        used = get_target().uses(resources_of(stack.lab), 0) or ()
        return sum(use.count for use in used if use.operation == "StateTransition")

    put(stack, "one")
    ended(stack, "one")
    until(lambda: counted() == 7)
    change_retries(stack, "BookHotel", IntervalSeconds=1, MaxAttempts=2)
    stack.set_environment("HotelFunction", DIES="after-booking")
    put(stack, "two")
    ended(stack, "two")
    until(lambda: counted() == 7 + 6)  # three attempts, the cancellation, the choice and the result
