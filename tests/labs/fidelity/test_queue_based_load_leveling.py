"""Queue-Based Load Leveling: what the embedded AWS does, as the pattern's ledger tells it."""

import json
import time
import uuid
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from catalogue.labs.demos import operations
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.targets import get_target
from catalogue.patterns.content.schemas.pattern import Operation
from tests.labs.fidelity.conftest import Stack, until

SLUG = "queue-based-load-leveling"
TIMED = """
import json, time

def handler(event, context):
    began = time.time()
    time.sleep(0.4)
    print(json.dumps({"step": "worked", "from": began, "to": time.time(), "size": len(event["Records"])}))
"""
"""A worker that tells when it was at work, and on how many messages."""
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def order(stack: Stack, item: str = "mug") -> str:
    number = str(uuid.uuid4())
    assert stack.call("POST", "/orders", json={"order": number, "item": item}).status == 202
    return number


def change(stack: Stack, **settings: Any) -> str:
    """Change the event source and tell the state that it then has."""
    mapping = stack.client("lambda").update_event_source_mapping(UUID=stack.id("WorkerEventSource"), **settings)
    return str(mapping["State"])


def depth(stack: Stack, queue: str = "OrderQueue") -> tuple[int, int]:
    """Messages that wait, and messages in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = stack.client("sqs").get_queue_attributes(QueueUrl=stack.id(queue), AttributeNames=names)
    return int(found["Attributes"][names[0]]), int(found["Attributes"][names[1]])


def told(stack: Stack, text: str) -> list[dict[str, Any]]:
    return [json.loads(line.message) for line in stack.lines("WorkerFunction", text)]


def most_at_once(stack: Stack, orders: int) -> int:
    """How many invocations overlapped while a worker of one order a batch took so many orders that lay there."""
    before = len(told(stack, '"worked"'))
    for _ in range(orders):
        order(stack)
    change(stack, Enabled=True)
    until(lambda: len(told(stack, '"worked"')) == before + orders, 30)
    spans = [(float(said["from"]), float(said["to"])) for said in told(stack, '"worked"')[before:]]
    return max(sum(began <= moment < ended for began, ended in spans) for moment, _ in spans)


@pytest.mark.ledger(SLUG, "maximum-concurrency")
def test_as_many_batches_at_once_as_allowed_and_never_more(stack: Stack) -> None:
    stack.replace_handler("WorkerFunction", TIMED)
    change(stack, Enabled=False, BatchSize=1)
    assert most_at_once(stack, 12) == 2
    change(stack, Enabled=False, ScalingConfig={"MaximumConcurrency": 6})
    assert 2 < most_at_once(stack, 12) <= 6


@pytest.mark.ledger(SLUG, "batching-window")
def test_a_batching_window_makes_no_order_wait(stack: Stack) -> None:
    change(stack, MaximumBatchingWindowInSeconds=60)
    began = time.monotonic()
    order(stack)
    until(lambda: told(stack, "order.packed"), 30)
    assert time.monotonic() - began < 30


@pytest.mark.ledger(SLUG, "bodies")
def test_what_is_json_and_no_order_is_refused_at_the_door(stack: Stack) -> None:
    change(stack, Enabled=False)
    bodies = ['"abc"', "true", "null", "7", "[]", "{}", '{"order": "1"}', '{"order": "\\ud800", "item": "mug"}', "{"]
    answers = [stack.call("POST", "/orders", {"Content-Type": "application/json"}, text=body) for body in bodies]
    assert [answer.status for answer in answers] == [400] * len(bodies)
    assert depth(stack) == (0, 0)


@pytest.mark.ledger(SLUG, "body-as-json")
def test_input_json_is_no_json_for_text_true_and_null(stack: Stack) -> None:
    change(stack, Enabled=False)
    gateway, api = stack.client("apigateway"), stack.id("OrderApi")
    method = {"restApiId": api, "resourceId": stack.id("OrdersResource"), "httpMethod": "POST"}
    known = gateway.get_integration(**method)
    template = known["requestTemplates"]["application/json"]
    assert "$input.body" in template
    gateway.update_method(**method, patchOperations=[{"op": "replace", "path": "/requestValidatorId", "value": ""}])
    gateway.put_integration(
        **method,
        type=known["type"],
        integrationHttpMethod="POST",
        uri=known["uri"],
        credentials=known["credentials"],
        requestParameters=known["requestParameters"],
        requestTemplates={"application/json": template.replace("$input.body", "$input.json('$')")},
    )
    for body in ('"abc"', "true", "null"):
        stack.call("POST", "/orders", {"Content-Type": "application/json"}, text=body)
    messages = stack.client("sqs").receive_message(QueueUrl=stack.id("OrderQueue"), MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in messages) == ["True", "abc"]  # of null nothing was left to send


ANSWERS = {
    "unknown": {"batchItemFailures": [{"itemIdentifier": "no-such-message"}]},
    "empty": {"batchItemFailures": [{"itemIdentifier": ""}]},
    "misspelt": {"batchItemFailures": [{"itemIdentifer": "no-such-message"}]},
    "null list": {"batchItemFailures": None},
}
"""What a handler may answer by mistake. AWS keeps the batch for the first three and deletes it for the last."""


@pytest.mark.ledger(SLUG, "partial-batch-ids")
def test_a_failed_message_named_wrongly_is_deleted(stack: Stack) -> None:
    kept = {}
    for number, (name, answer) in enumerate(ANSWERS.items(), 1):
        source = f"import json\n\ndef handler(event, context):\n    print('answered {number}')\n    return {answer!r}\n"
        stack.replace_handler("WorkerFunction", source)
        order(stack)
        until(partial(stack.lines, "WorkerFunction", f"answered {number}"), 30)
        until(lambda: depth(stack)[0] == 0)
        if name == "null list":
            time.sleep(0.5)  # in which it would have been deleted
        else:
            until(lambda: depth(stack) == (0, 0))
        kept[name] = sum(depth(stack))
        stack.client("sqs").purge_queue(QueueUrl=stack.id("OrderQueue"))
    assert kept == {"unknown": 0, "empty": 0, "misspelt": 0, "null list": 1}


@pytest.mark.ledger(SLUG, "come-back-later")
def test_a_refused_order_comes_back_when_the_worker_says(stack: Stack) -> None:
    stack.set_environment("WorkerFunction", TERMINALS="0")
    order(stack)
    attempts = until(
        lambda: said if len(said := told(stack, "order.refused")) >= 3 else [], 29
    )  # hidden for 30 s by default
    assert [said["attempt"] for said in attempts[:3]] == [1, 2, 3]
    assert all(1 <= said["wait_s"] <= 2 ** said["attempt"] for said in attempts[:3])
    gaps = [second["at"] - first["at"] for first, second in pairwise(attempts)]
    assert all(gap >= said["wait_s"] - 0.1 for gap, said in zip(gaps, attempts, strict=False))
    stack.set_environment("WorkerFunction", TERMINALS="2")
    until(lambda: told(stack, "order.packed"), 60)
    assert depth(stack, "OrderDeadLetters") == (0, 0)


@pytest.mark.ledger(SLUG, "set-aside")
def test_an_order_received_too_often_is_set_aside(stack: Stack) -> None:
    sqs, queue = stack.client("sqs"), stack.id("OrderQueue")
    change(stack, Enabled=False)
    order(stack)
    policy = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    assert int(json.loads(policy)["maxReceiveCount"]) == 50
    for _ in range(50):
        (received,) = sqs.receive_message(QueueUrl=queue)["Messages"]
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=received["ReceiptHandle"], VisibilityTimeout=0)
    assert depth(stack, "OrderDeadLetters") == (0, 0)
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    assert depth(stack, "OrderDeadLetters") == (1, 0)


@pytest.mark.ledger(SLUG, "redrive")
@pytest.mark.ledger("dead-letter-triage", "redrive")
def test_a_redriven_order_starts_again(stack: Stack) -> None:
    sqs, letters = stack.client("sqs"), stack.id("OrderDeadLetters")
    change(stack, Enabled=False)
    sent = sqs.send_message(QueueUrl=letters, MessageBody='{"order": "1", "item": "mug"}')
    redrive = Operation(action="redrive", resource="OrderDeadLetters", to="OrderQueue")
    operations.perform(operations.Stack(get_target(), resources_of(stack.lab)), redrive)
    (moved,) = sqs.receive_message(QueueUrl=stack.id("OrderQueue"), MessageSystemAttributeNames=["All"])["Messages"]
    assert moved["MessageId"] != sent["MessageId"]
    assert moved["Attributes"]["ApproximateReceiveCount"] == "1"
    assert depth(stack, "OrderDeadLetters") == (0, 0)
    arn = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    with pytest.raises(ClientError, match="InvalidAction"):
        sqs.start_message_move_task(SourceArn=arn)


@pytest.mark.ledger(SLUG, "pause")
def test_the_warehouse_is_closed_when_the_call_returns(stack: Stack) -> None:
    assert change(stack, Enabled=False) == "Disabled"
    order(stack)
    time.sleep(1)  # as long as an idle poller waits
    assert (depth(stack), stack.invocations("WorkerFunction")) == ((1, 0), 0)
    assert change(stack, Enabled=True) == "Enabled"
    until(lambda: told(stack, "order.packed"))


@pytest.mark.ledger(SLUG, "reserved-zero")
def test_without_concurrency_nothing_is_received(stack: Stack) -> None:
    functions, name = stack.client("lambda"), stack.id("WorkerFunction")
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    order(stack)
    time.sleep(2)  # longer than an idle poller waits
    assert depth(stack) == (1, 0)
    functions.delete_function_concurrency(FunctionName=name)
    (packed,) = until(lambda: told(stack, "order.packed"))
    assert packed["attempt"] == 1


@pytest.mark.ledger(SLUG, "counts")
@pytest.mark.ledger("dead-letter-triage", "counts")
def test_the_count_is_right_at_once(stack: Stack) -> None:
    change(stack, Enabled=False)
    for sent in range(1, 8):
        order(stack)
        assert depth(stack) == (sent, 0)
    stack.client("sqs").receive_message(QueueUrl=stack.id("OrderQueue"), MaxNumberOfMessages=3)
    assert depth(stack) == (4, 3)
