"""Dead-Letter Triage: what the embedded AWS does, as the pattern's ledger reports it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.labs.fidelity.conftest import Stack, until

SLUG = "dead-letter-triage"
BATCHES = """
import json, os
import boto3

def handler(event, context):
    sqs, queue = boto3.client("sqs"), os.environ["DEAD_LETTERS_URL"]
    handles = [message["ReceiptHandle"] for message in sqs.receive_message(QueueUrl=queue)["Messages"]]
    calls = {
        "change_message_visibility_batch": {"ReceiptHandle": handles[0], "VisibilityTimeout": 0},
        "send_message_batch": {"MessageBody": "text"},
    }
    outcomes = {}
    for name, entry in calls.items():
        try:
            getattr(sqs, name)(QueueUrl=queue, Entries=[{"Id": "0", **entry}])
            outcomes[name] = "done"
        except sqs.exceptions.ClientError as error:
            outcomes[name] = error.response["Error"]["Code"]
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(outcomes)}
"""
"""A function that may change the visibility of dead letters and may not send any, and tries both as batches."""
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    stack = stack_of(SLUG)
    stack.client("lambda").update_event_source_mapping(UUID=stack.id("WorkerEventSource"), Enabled=False)
    return stack


def send(stack: Stack, queue: str, count: int = 1) -> None:
    for number in range(count):
        stack.client("sqs").send_message(QueueUrl=stack.id(queue), MessageBody=json.dumps({"number": number}))


def receive(stack: Stack, queue: str, **arguments: Any) -> list[dict[str, Any]]:
    found = stack.client("sqs").receive_message(
        QueueUrl=stack.id(queue), MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"], **arguments
    )
    return list(found.get("Messages", []))


@pytest.mark.ledger(SLUG, "looking")
def test_a_received_message_is_hidden_until_it_is_given_back(stack: Stack) -> None:
    send(stack, "DeadLetters")
    (message,) = receive(stack, "DeadLetters")
    assert receive(stack, "DeadLetters") == []
    stack.client("sqs").change_message_visibility(
        QueueUrl=stack.id("DeadLetters"), ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
    )
    (again,) = receive(stack, "DeadLetters")
    assert again["MessageId"] == message["MessageId"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


@pytest.mark.ledger(SLUG, "receive-all")
def test_a_receive_without_waiting_returns_ten_of_ten(stack: Stack) -> None:
    send(stack, "DeadLetters", 25)
    assert [len(receive(stack, "DeadLetters")) for _ in range(4)] == [10, 10, 5, 0]


@pytest.mark.ledger(SLUG, "batch-permission")
def test_a_batch_needs_the_permission_of_the_single_call(stack: Stack) -> None:
    send(stack, "DeadLetters")
    stack.replace_handler("TriageFunction", BATCHES)
    answer = stack.call("GET", "/dead-letters")
    assert (answer.status, json.loads(answer.body)) == (
        200,
        {"change_message_visibility_batch": "done", "send_message_batch": "AccessDenied"},
    )


@pytest.mark.ledger(SLUG, "first-timestamp")
def test_a_moved_message_keeps_its_first_timestamp(stack: Stack) -> None:
    send(stack, "OrderQueue")
    sent = ""
    for _ in range(5):
        (message,) = receive(stack, "OrderQueue")
        sent = message["Attributes"]["SentTimestamp"]
        stack.client("sqs").change_message_visibility(
            QueueUrl=stack.id("OrderQueue"), ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    assert receive(stack, "OrderQueue") == []
    (moved,) = until(lambda: receive(stack, "DeadLetters"))
    assert moved["Attributes"]["SentTimestamp"] == sent
