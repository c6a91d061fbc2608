"""Ordered Groups: what the embedded AWS does, as the pattern's ledger reports it."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from catalogue.labs.demos import operations
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.targets import get_target
from catalogue.patterns.content.schemas.pattern import Operation
from tests.labs.fidelity.conftest import Stack, until

SLUG = "ordered-groups"
SLOW = """
import json, time

def handler(event, context):
    began = time.time()
    time.sleep(0.5)
    print(json.dumps({"step": "worked", "from": began, "to": time.time(), "size": len(event["Records"])}))
"""
"""A worker that reports when it was at work."""
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    stack = stack_of(SLUG)
    stack.client("lambda").update_event_source_mapping(UUID=stack.id("WorkerEventSource"), Enabled=False)
    return stack


def send(stack: Stack, group: str, name: str, queue: str | None = None) -> str:
    sent = stack.client("sqs").send_message(
        QueueUrl=queue or stack.id("EntryQueue"),
        MessageBody=json.dumps({"entry": name, "amount": 1}),
        MessageGroupId=group,
        MessageDeduplicationId=name,
    )
    return str(sent["SequenceNumber"])


def receive(stack: Stack, queue: str | None = None) -> list[dict[str, Any]]:
    found = stack.client("sqs").receive_message(
        QueueUrl=queue or stack.id("EntryQueue"), MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
    )
    return list(found.get("Messages", []))


@pytest.mark.ledger(SLUG, "deduplication")
def test_an_id_is_recognized_after_its_message_was_deleted(stack: Stack) -> None:
    send(stack, "a", "one")
    (message,) = receive(stack)
    stack.client("sqs").delete_message(QueueUrl=stack.id("EntryQueue"), ReceiptHandle=message["ReceiptHandle"])
    send(stack, "a", "one")
    send(stack, "a", "two")
    assert [json.loads(found["Body"])["entry"] for found in receive(stack)] == ["two"]


@pytest.mark.ledger(SLUG, "scope")
def test_the_scope_of_an_id_is_the_queues_setting(stack: Stack) -> None:
    send(stack, "a", "one")
    send(stack, "b", "one")
    sqs = stack.client("sqs")
    wide = sqs.create_queue(QueueName=f"scope-{stack.lab.pk}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    try:
        send(stack, "a", "one", wide)
        send(stack, "b", "one", wide)
        assert (len(receive(stack)), len(receive(stack, wide))) == (2, 1)
    finally:
        sqs.delete_queue(QueueUrl=wide)


@pytest.mark.ledger(SLUG, "concurrency")
def test_two_groups_are_not_worked_on_at_once(stack: Stack) -> None:
    stack.replace_handler("WorkerFunction", SLOW)
    for number in range(6):
        send(stack, f"card-{number}", f"entry-{number}")
    stack.client("lambda").update_event_source_mapping(UUID=stack.id("WorkerEventSource"), Enabled=True, BatchSize=1)

    def spans() -> list[dict[str, Any]]:
        lines = [json.loads(line.message) for line in stack.lines("WorkerFunction", '"worked"')]
        return lines if len(lines) == 6 else []

    worked = sorted(until(spans, 60), key=lambda span: float(span["from"]))
    assert all(first["to"] <= second["from"] for first, second in pairwise(worked))


@pytest.mark.ledger(SLUG, "sequence-numbers")
def test_sequence_numbers_increase_with_twenty_digits(stack: Stack) -> None:
    numbers = [send(stack, group, f"{group}-{number}") for number in range(3) for group in ("a", "b")]
    assert numbers == sorted(numbers)
    assert {len(number) for number in numbers} == {20}
    assert [message["Attributes"]["SequenceNumber"] for message in receive(stack)] == numbers


@pytest.mark.ledger(SLUG, "dead-letter-type")
def test_a_standard_queue_is_accepted_for_dead_letters(stack: Stack) -> None:
    sqs = stack.client("sqs")
    letters = sqs.create_queue(QueueName=f"standard-{stack.lab.pk}")["QueueUrl"]
    try:
        arn = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
        sqs.set_queue_attributes(QueueUrl=stack.id("EntryQueue"), Attributes={"RedrivePolicy": policy})
    finally:
        sqs.delete_queue(QueueUrl=letters)


@pytest.mark.ledger(SLUG, "received-too-often")
def test_the_group_goes_on_without_a_dead_letter(stack: Stack) -> None:
    sqs, queue = stack.client("sqs"), stack.id("EntryQueue")
    known = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    policy = json.dumps({**json.loads(known), "maxReceiveCount": 2})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    send(stack, "a", "first")
    for _ in range(2):
        (message,) = receive(stack)
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    send(stack, "a", "second")
    assert [json.loads(found["Body"])["entry"] for found in receive(stack)] == ["second"]
    (aside,) = receive(stack, stack.id("EntryDeadLetters"))
    assert (json.loads(aside["Body"])["entry"], aside["Attributes"]["MessageGroupId"]) == ("first", "a")


@pytest.mark.ledger(SLUG, "redrive")
def test_a_redriven_entry_comes_last_in_its_group(stack: Stack) -> None:
    send(stack, "a", "late", stack.id("EntryDeadLetters"))
    send(stack, "a", "early")
    redrive = Operation(action="redrive", resource="EntryDeadLetters", to="EntryQueue")
    operations.perform(operations.Stack(get_target(), resources_of(stack.lab)), redrive)
    assert [json.loads(found["Body"])["entry"] for found in receive(stack)] == ["early", "late"]
    sqs = stack.client("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=stack.id("EntryDeadLetters"), AttributeNames=["QueueArn"])["Attributes"]
    with pytest.raises(ClientError, match="InvalidAction"):
        sqs.start_message_move_task(SourceArn=arn["QueueArn"])
