"""Queue-Based Event Distribution: what the embedded AWS does, as the pattern's ledger tells it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from catalogue.labs import operations
from catalogue.labs.services import resources_of
from catalogue.labs.targets import get_target
from catalogue.patterns.schema import Operation
from tests.labs.fidelity.conftest import Stack, until

SLUG = "queue-based-event-distribution"
PARCEL = {"item": "mug", "delivery": "parcel", "total_cents": 2400}
PICKUP = {"item": "bowl", "delivery": "pickup", "total_cents": 3200}
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def order(stack: Stack, what: dict[str, Any]) -> str:
    answer = stack.call("POST", "/orders", json=what)
    assert answer.status == 202
    return str(answer.parsed["order"])


def switch(stack: Stack, source: str, enabled: bool) -> str:
    """Enable or disable an event source and tell the state that it then has."""
    mapping = stack.client("lambda").update_event_source_mapping(UUID=stack.id(source), Enabled=enabled)
    return str(mapping["State"])


def waiting(stack: Stack, queue: str) -> int:
    names = ["ApproximateNumberOfMessages"]
    found = stack.client("sqs").get_queue_attributes(QueueUrl=stack.id(queue), AttributeNames=names)
    return int(found["Attributes"][names[0]])


def receive(stack: Stack, queue: str) -> dict[str, Any]:
    """One message, which then stays hidden for the queue's visibility timeout."""
    messages = stack.client("sqs").receive_message(
        QueueUrl=stack.id(queue), MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    )["Messages"]
    assert len(messages) == 1
    return dict(messages[0])


def perform(stack: Stack, **operation: Any) -> str:
    return operations.perform(operations.Stack(get_target(), resources_of(stack.lab)), Operation(**operation))


@pytest.mark.ledger(SLUG, "filter-change")
def test_a_new_filter_judges_the_very_next_event(stack: Stack) -> None:
    switch(stack, "ShippingEventSource", False)
    order(stack, PICKUP)
    stack.client("sns").set_subscription_attributes(
        SubscriptionArn=stack.id("ShippingSubscription"),
        AttributeName="FilterPolicy",
        AttributeValue=json.dumps({"delivery": ["pickup"]}),
    )
    picked_up = order(stack, PICKUP)
    order(stack, PARCEL)
    until(lambda: waiting(stack, "ShippingQueue") == 1)
    assert json.loads(receive(stack, "ShippingQueue")["Body"])["order"] == picked_up


@pytest.mark.ledger(SLUG, "raw-delivery")
def test_a_raw_copy_is_the_event_with_all_its_attributes(stack: Stack) -> None:
    switch(stack, "BillingEventSource", False)
    number = order(stack, PARCEL)
    until(lambda: waiting(stack, "BillingQueue") == 1)
    copy = receive(stack, "BillingQueue")
    assert json.loads(copy["Body"]) == {"order": number, **PARCEL}
    assert set(copy["MessageAttributes"]) == {"event", "delivery", "total_cents", "trace"}
    many = {f"extra{n}": {"DataType": "String", "StringValue": "x"} for n in range(10)}
    many |= {name: copy["MessageAttributes"][name] for name in ("event", "total_cents")}
    stack.client("sns").publish(TopicArn=stack.id("OrderEvents"), Message="{}", MessageAttributes=many)
    until(lambda: waiting(stack, "BillingQueue") == 1)
    assert len(receive(stack, "BillingQueue")["MessageAttributes"]) == 12


@pytest.mark.ledger(SLUG, "queue-policy")
def test_a_queue_without_its_policy_gets_nothing(stack: Stack) -> None:
    for source in ("BillingEventSource", "ShippingEventSource"):
        switch(stack, source, False)
    stack.client("sqs").set_queue_attributes(QueueUrl=stack.id("ShippingQueue"), Attributes={"Policy": ""})
    order(stack, PARCEL)
    until(lambda: waiting(stack, "BillingQueue") == 1)
    assert waiting(stack, "ShippingQueue") == 0


@pytest.mark.ledger(SLUG, "pause")
def test_an_event_source_is_disabled_when_the_call_returns(stack: Stack) -> None:
    assert switch(stack, "BillingEventSource", False) == "Disabled"
    for _ in range(3):
        order(stack, PARCEL)
    until(lambda: len(stack.lines("ShippingFunction", "parcel.booked")) == 3)
    assert (waiting(stack, "BillingQueue"), stack.invocations("BillingFunction")) == (3, 0)
    assert switch(stack, "BillingEventSource", True) == "Enabled"
    until(lambda: len(stack.lines("BillingFunction", "invoice.written")) == 3)


@pytest.mark.ledger(SLUG, "redrive")
def test_a_redriven_letter_is_a_new_message(stack: Stack) -> None:
    sqs = stack.client("sqs")
    switch(stack, "BillingEventSource", False)
    attributes = {"trace": {"DataType": "String", "StringValue": "Root=1-0-0"}}
    letters = stack.id("BillingDeadLetters")
    sent = sqs.send_message(QueueUrl=letters, MessageBody='{"order": "1"}', MessageAttributes=attributes)
    said = perform(stack, action="redrive", resource="BillingDeadLetters", to="BillingQueue")
    assert said.startswith("aws sqs start-message-move-task --source-arn ")
    moved = receive(stack, "BillingQueue")
    assert moved["MessageId"] != sent["MessageId"]
    assert moved["Attributes"]["ApproximateReceiveCount"] == "1"
    assert moved["MessageAttributes"]["trace"]["StringValue"] == "Root=1-0-0"
    assert waiting(stack, "BillingDeadLetters") == 0
    arn = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    with pytest.raises(ClientError, match="InvalidAction"):
        sqs.start_message_move_task(SourceArn=arn)


@pytest.mark.ledger(SLUG, "once-or-more")
def test_twenty_orders_are_billed_once_each(stack: Stack) -> None:
    numbers = {order(stack, PARCEL) for _ in range(20)}
    until(lambda: len(stack.lines("BillingFunction", "invoice.written")) >= 20, 30)
    until(lambda: waiting(stack, "BillingQueue") == 0)
    written = [json.loads(line.message)["order"] for line in stack.lines("BillingFunction", "invoice.written")]
    assert sorted(written) == sorted(numbers)
    assert stack.lines("BillingFunction", "invoice.known") == []


@pytest.mark.ledger(SLUG, "revoked-permission")
def test_a_denial_holds_from_the_next_call_on(stack: Stack) -> None:
    order(stack, PARCEL)
    denied = {"resource": "PublishFunction", "name": "sns:Publish", "to": "OrderEvents"}
    perform(stack, action="revoke-permission", **denied)
    assert stack.call("POST", "/orders", json=PARCEL).status == 502
    assert "AuthorizationError" in stack.lines("PublishFunction", "[ERROR]")[0].message
    perform(stack, action="restore-permission", **denied)
    order(stack, PARCEL)
