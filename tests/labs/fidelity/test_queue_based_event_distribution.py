"""Queue-Based Event Distribution: what the embedded AWS does, as the pattern's ledger tells it."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from catalogue.labs.demos import operations
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.targets import get_target
from catalogue.patterns.content.schemas.pattern import Operation
from tests.labs.fidelity.conftest import Stack, until

SLUG = "queue-based-event-distribution"
PARCEL = {"item": "mug", "delivery": "parcel", "total_cents": 2400}
PICKUP = {"item": "bowl", "delivery": "pickup", "total_cents": 3200}
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def order(stack: Stack, what: dict[str, Any]) -> str:
    answer = stack.call("POST", "/orders", json={"order": str(uuid.uuid4()), **what})
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


def publish(stack: Stack, message: str, **attributes: tuple[str, str]) -> None:
    """Publish past the producer; attributes by name as type and value."""
    values = {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in attributes.items()}
    stack.client("sns").publish(TopicArn=stack.id("OrderEvents"), Message=message, MessageAttributes=values)


@pytest.mark.ledger(SLUG, "attribute-types")
def test_the_type_of_an_attribute_is_ignored(stack: Stack) -> None:
    switch(stack, "BillingEventSource", False)
    publish(stack, "{}", event=("String", "order.placed"), total_cents=("String", "2400"))
    until(lambda: waiting(stack, "BillingQueue") == 1)


@pytest.mark.ledger(SLUG, "arrays-of-objects")
def test_a_filter_does_not_look_into_arrays_of_objects(stack: Stack) -> None:
    switch(stack, "BillingEventSource", False)
    set_attribute = stack.client("sns").set_subscription_attributes
    for name, value in (("FilterPolicyScope", "MessageBody"), ("FilterPolicy", '{"lines": {"item": ["mug"]}}')):
        set_attribute(SubscriptionArn=stack.id("BillingSubscription"), AttributeName=name, AttributeValue=value)
    publish(stack, json.dumps({"lines": [{"item": "mug"}]}))
    publish(stack, json.dumps({"lines": {"item": "mug"}}))
    until(lambda: waiting(stack, "BillingQueue") == 1)
    assert json.loads(receive(stack, "BillingQueue")["Body"]) == {"lines": {"item": "mug"}}


@pytest.mark.ledger(SLUG, "set-aside")
def test_a_copy_received_too_often_is_set_aside(stack: Stack) -> None:
    sqs, queue = stack.client("sqs"), stack.id("BillingQueue")
    switch(stack, "BillingEventSource", False)
    order(stack, PICKUP)
    until(lambda: waiting(stack, "BillingQueue") == 1)
    for _ in range(50):
        (received,) = sqs.receive_message(QueueUrl=queue)["Messages"]
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=received["ReceiptHandle"], VisibilityTimeout=0)
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    letters = ("BillingDeadLetters", "ShippingDeadLetters", "AnalyticsDeadLetters")
    assert [waiting(stack, name) for name in letters] == [1, 0, 0]


@pytest.mark.ledger(SLUG, "raw-delivery")
def test_a_raw_copy_is_the_event_with_all_its_attributes(stack: Stack) -> None:
    switch(stack, "BillingEventSource", False)
    number = order(stack, PARCEL)
    until(lambda: waiting(stack, "BillingQueue") == 1)
    copy = receive(stack, "BillingQueue")
    assert json.loads(copy["Body"]) == {"schema": 1, "order": number, **PARCEL}
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
    assert stack.call("POST", "/orders", json={"order": "1", **PARCEL}).status == 502
    assert "AuthorizationError" in stack.lines("PublishFunction", "[ERROR]")[0].message
    perform(stack, action="restore-permission", **denied)
    order(stack, PARCEL)
