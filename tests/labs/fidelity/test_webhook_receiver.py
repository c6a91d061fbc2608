"""Webhook Receiver: what the embedded AWS does, as the pattern's ledger reports it."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.labs.fidelity.conftest import ECHO, Stack, until

SLUG = "webhook-receiver"
SEES = """
import json, time

def handler(event, context):
    print(json.dumps({"at": time.time(), "step": "seen", "body": [record["body"] for record in event["Records"]]}))
"""
"""A worker that reports what it was handed."""
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def signed(stack: Stack) -> tuple[dict[str, str], str]:
    """Headers and body of a delivery that the provider of the stack has signed and not sent."""
    answer = stack.call("POST", "/provider/events", json={"payment": "pay-1", "status": "paid", "version": 1})
    assert answer.status == 200
    event = answer.parsed
    names = {"webhook-id": "id", "webhook-timestamp": "timestamp", "webhook-signature": "signature"}
    return {header: event[name] for header, name in names.items()}, event["payload"]


@pytest.mark.ledger(SLUG, "raw-body")
def test_a_body_reaches_the_function_byte_for_byte(stack: Stack) -> None:
    stack.replace_handler("ReceiverFunction", ECHO)
    body = '{ "amount": 12.50,\t"shop": "Töpferei \\u00f6",\r\n "a": 1, "a": 2 }\n'
    event = stack.call("POST", "/webhooks/payments", {"Content-Type": "application/json"}, text=body).parsed
    assert event["body"] == body
    assert not event["isBase64Encoded"]


@pytest.mark.ledger(SLUG, "header-names")
def test_names_of_headers_arrive_in_lower_case(stack: Stack) -> None:
    stack.replace_handler("ReceiverFunction", ECHO)
    event = stack.call("POST", "/webhooks/payments", {"Webhook-Id": "evt-1"}, text="{}").parsed
    assert event["headers"]["webhook-id"] == "evt-1"
    assert "Webhook-Id" not in event["headers"]


@pytest.mark.ledger(SLUG, "versions")
def test_a_delivery_signed_with_the_previous_key_is_accepted_after_a_rotation(stack: Stack) -> None:
    headers, body = signed(stack)
    secrets, secret = stack.client("secretsmanager"), stack.id("SigningSecret")
    for expected in (202, 401):
        secrets.put_secret_value(SecretId=secret, SecretString=f"a new key, before {expected}")
        stack.set_environment("ReceiverFunction", FRESH=str(expected))  # a new process reads the keys again
        assert stack.call("POST", "/webhooks/payments", headers, text=body).status == expected


@pytest.mark.ledger(SLUG, "order")
def test_each_message_is_delivered_once(stack: Stack) -> None:
    functions, mapping = stack.client("lambda"), stack.id("WorkerEventSource")
    functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    stack.replace_handler("WorkerFunction", SEES)
    sent = [f"message-{number}" for number in range(8)]
    for body in sent:
        stack.client("sqs").send_message(QueueUrl=stack.id("EventQueue"), MessageBody=body)
    functions.update_event_source_mapping(UUID=mapping, Enabled=True)

    def seen() -> list[dict[str, Any]]:
        return [json.loads(line.message) for line in stack.lines("WorkerFunction", '"seen"')]

    until(lambda: len(seen()) == len(sent))
    handed = {line["body"][0]: line["at"] for line in seen()}
    assert sorted(handed) == sent
    assert all(len(line["body"]) == 1 for line in seen())


@pytest.mark.ledger(SLUG, "transaction")
def test_transactions_at_the_same_time_do_not_conflict(stack: Stack) -> None:
    dynamodb, table = stack.client("dynamodb"), stack.id("PaymentsTable")
    change = {
        "TableName": table,
        "Key": {"payment": {"S": "pay-1"}},
        "UpdateExpression": "ADD events :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: dynamodb.transact_write_items(TransactItems=[{"Update": change}]), range(40)))
    item = dynamodb.get_item(TableName=table, Key={"payment": {"S": "pay-1"}}, ConsistentRead=True)["Item"]
    assert item["events"]["N"] == "40"
