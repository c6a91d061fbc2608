"""Materialized View: what the embedded AWS does, as the pattern's ledger reports it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.labs.fidelity.conftest import Stack, until

SLUG = "materialized-view"
pytestmark = pytest.mark.lab

FAILS_ON_BAD = """
import json

def handler(event, context):
    for record in event["Records"]:
        booking = record["dynamodb"]["Keys"]["booking"]["S"]
        print(json.dumps({"step": "seen", "booking": booking}))
        if booking == "bad":
            raise RuntimeError("not a booking")
"""
"""A projector that raises an error for the booking `bad`."""


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def book(stack: Stack, number: str, passengers: int = 2) -> None:
    assert stack.call("PUT", f"/bookings/{number}", json={"sailing": "noon", "passengers": passengers}).status == 200


def steps(stack: Stack, function: str, name: str) -> list[dict[str, Any]]:
    found = [json.loads(line.message) for line in stack.lines(function, f'"{name}"')]
    return sorted(found, key=lambda line: float(line.get("at", 0)))


def set_mapping(stack: Stack, name: str = "ProjectorEventSource", **settings: Any) -> None:
    stack.client("lambda").update_event_source_mapping(UUID=stack.id(name), **settings)


def sums(stack: Stack) -> dict[str, int]:
    row = {"row": {"S": "sailing#noon"}}
    found = stack.client("dynamodb").get_item(TableName=stack.id("BoardTable"), Key=row, ConsistentRead=True)
    return {name: int(value["N"]) for name, value in found.get("Item", {}).items() if "N" in value}


@pytest.mark.ledger(SLUG, "repeated")
def test_a_bad_record_with_a_limit_for_attempts_still_blocks_what_follows(stack: Stack) -> None:
    set_mapping(stack, MaximumRetryAttempts=1, BatchSize=1)
    stack.replace_handler("ProjectorFunction", FAILS_ON_BAD)
    book(stack, "bad")
    book(stack, "good")
    until(lambda: len(steps(stack, "ProjectorFunction", "seen")) > 3)
    assert {line["booking"] for line in steps(stack, "ProjectorFunction", "seen")} == {"bad"}


@pytest.mark.ledger(SLUG, "destination")
def test_a_destination_gets_nothing_after_the_attempts(stack: Stack) -> None:
    sqs = stack.client("sqs")
    queue = stack.id("SetAside")
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    set_mapping(stack, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": arn}})
    stack.replace_handler("ProjectorFunction", FAILS_ON_BAD)
    book(stack, "bad")
    until(lambda: len(steps(stack, "ProjectorFunction", "seen")) > 3)
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


@pytest.mark.ledger(SLUG, "start")
def test_a_second_view_begins_with_the_oldest_record(stack: Stack) -> None:
    for number in ("one", "two", "three"):
        book(stack, number)
    until(lambda: len(steps(stack, "ProjectorFunction", "change.applied")) == 3)
    assert steps(stack, "NextProjectorFunction", "change.applied") == []
    set_mapping(stack, "NextProjectorEventSource", Enabled=True)
    until(lambda: len(steps(stack, "NextProjectorFunction", "change.applied")) == 3)
    seen = [line["booking"] for line in steps(stack, "NextProjectorFunction", "change.applied")]
    assert seen == ["one", "two", "three"]


@pytest.mark.ledger(SLUG, "order")
def test_changes_arrive_in_the_order_in_which_they_were_written(stack: Stack) -> None:
    written = [f"booking-{number}" for number in range(12)]
    for number in written:
        book(stack, number)
    until(lambda: len(steps(stack, "ProjectorFunction", "change.applied")) == 12)
    assert [line["booking"] for line in steps(stack, "ProjectorFunction", "change.applied")] == written


@pytest.mark.ledger(SLUG, "transaction")
def test_a_canceled_transaction_leaves_the_sums(stack: Stack) -> None:
    book(stack, "one")
    until(lambda: sums(stack).get("passengers") == 2)
    dynamodb, board = stack.client("dynamodb"), stack.id("BoardTable")
    mark = {
        "TableName": board,
        "Item": {"row": {"S": "booking#one"}},
        "ConditionExpression": "attribute_not_exists(sailing)",
    }
    add = {
        "TableName": board,
        "Key": {"row": {"S": "sailing#noon"}},
        "UpdateExpression": "ADD passengers :two",
        "ExpressionAttributeValues": {":two": {"N": "2"}},
    }
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[{"Put": mark}, {"Update": add}])
    assert sums(stack)["passengers"] == 2


@pytest.mark.ledger(SLUG, "disabling")
def test_a_disabled_event_source_stops_at_once_and_goes_on_where_it_stopped(stack: Stack) -> None:
    book(stack, "one")
    until(lambda: sums(stack).get("passengers") == 2)
    set_mapping(stack, Enabled=False)
    book(stack, "two")
    book(stack, "three")
    assert sums(stack)["passengers"] == 2
    set_mapping(stack, Enabled=True)
    until(lambda: sums(stack)["passengers"] == 6)
    assert sums(stack)["bookings"] == 3
