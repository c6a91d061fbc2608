"""Queue-Based Event Distribution's handlers: the producer, the consumers, the naive twin's chain."""

import io
import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from tests.patterns_content.conftest import LambdaContext, LoadHandler, LogLines

FUNCTIONS = "queue-based-event-distribution/functions"
TOPIC = "arn:aws:sns:us-east-1:000000000000:orders"
QUEUE = "https://sqs.us-east-1.amazonaws.com/000000000000/billing"
ORDER = {"order": "o-1", "item": "mug", "delivery": "parcel", "total_cents": 2400}

INVOICE = {
    "TableName": "invoices",
    "Item": {"order": "o-1", "total_cents": 2400, "vat_cents": 383},
    "ConditionExpression": "attribute_not_exists(#order)",
    "ExpressionAttributeNames": {"#order": "order"},
}


def post(body: object, **headers: str) -> dict[str, Any]:
    return {
        "resource": "/orders",
        "httpMethod": "POST",
        "headers": headers or None,
        "body": body if isinstance(body, str | None) else json.dumps(body),
    }


def record(number: int, order: object = None, attempt: int = 1) -> dict[str, Any]:
    """A record as Lambda's poller makes it from a raw delivery: SNS's attributes have become SQS's."""
    return {
        "messageId": f"m-{number}",
        "receiptHandle": f"handle-{number}",
        "body": json.dumps(ORDER if order is None else order),
        "attributes": {"ApproximateReceiveCount": str(attempt)},
        "messageAttributes": {
            "event": {"dataType": "String", "stringValue": "order.placed"},
            "trace": {"dataType": "String", "stringValue": "Root=1-abc"},
        },
    }


class TestPublish:
    @pytest.fixture
    def producer(self, load_handler: LoadHandler) -> ModuleType:
        return load_handler(f"{FUNCTIONS}/publish/app.py", TOPIC_ARN=TOPIC)

    @pytest.fixture
    def topic(self, producer: ModuleType) -> Iterator[list[dict[str, Any]]]:
        """What was published, as the topic got it."""
        published: list[dict[str, Any]] = []
        with Stubber(producer.sns) as stubber:
            stubber.add_response("publish", {"MessageId": "e-1"})
            events = producer.sns.meta.events
            events.register("provide-client-params.sns.Publish", lambda params, **_: published.append(dict(params)))
            yield published

    def test_an_order_is_published_with_what_consumers_filter_on(
        self,
        producer: ModuleType,
        topic: list[dict[str, Any]],
        context: LambdaContext,
        log_lines: LogLines,
    ) -> None:
        body = {"item": "mug", "delivery": "parcel", "total_cents": 2400}
        answer = producer.handler(post(body, **{"X-Amzn-Trace-Id": "Root=1-abc"}), context)
        assert answer["statusCode"] == 202
        (event,) = topic
        assert event["TopicArn"] == TOPIC
        order = json.loads(event["Message"])
        assert order == {**body, "order": json.loads(answer["body"])["order"]}
        assert {name: value["StringValue"] for name, value in event["MessageAttributes"].items()} == {
            "event": "order.placed",
            "delivery": "parcel",
            "total_cents": "2400",
            "trace": "Root=1-abc",
        }
        assert event["MessageAttributes"]["total_cents"]["DataType"] == "Number"
        assert [(line["step"], line["trace"]) for line in log_lines()] == [("order.published", "Root=1-abc")]

    def test_without_a_trace_no_empty_attribute_is_sent(
        self, producer: ModuleType, topic: list[dict[str, Any]], context: LambdaContext
    ) -> None:
        producer.handler(post({"item": "mug", "delivery": "pickup", "total_cents": 0}), context)
        assert "trace" not in topic[0]["MessageAttributes"]

    @pytest.mark.parametrize(
        "body",
        [
            None,
            "{",
            [],
            {},
            {"item": "mug", "delivery": "drone", "total_cents": 1},
            {"item": "mug", "delivery": "parcel", "total_cents": "1"},
            {"item": "mug", "delivery": "parcel", "total_cents": 1.5},
            {"item": "mug", "delivery": "parcel", "total_cents": True},
            {"item": "mug", "delivery": "parcel", "total_cents": -1},
            {"item": 7, "delivery": "parcel", "total_cents": 1},
        ],
    )
    def test_what_is_no_order_is_refused_and_not_published(
        self, producer: ModuleType, topic: list[dict[str, Any]], context: LambdaContext, body: object
    ) -> None:
        answer = producer.handler(post(body), context)
        assert answer["statusCode"] == 400
        assert answer["headers"]["Content-Type"] == "application/problem+json"
        assert topic == []


class TestBilling:
    @pytest.fixture
    def billing(self, load_handler: LoadHandler) -> ModuleType:
        return load_handler(f"{FUNCTIONS}/billing/app.py", INVOICES_TABLE="invoices", QUEUE_URL=QUEUE, VAT_PERCENT="19")

    @pytest.fixture
    def invoices(self, billing: ModuleType) -> Iterator[Stubber]:
        with Stubber(billing.invoices.meta.client) as stubber:
            yield stubber
            stubber.assert_no_pending_responses()

    @pytest.fixture
    def queue(self, billing: ModuleType) -> Iterator[Stubber]:
        with Stubber(billing.sqs) as stubber:
            yield stubber
            stubber.assert_no_pending_responses()

    def test_an_order_is_billed_with_the_tax_that_its_total_holds(
        self, billing: ModuleType, invoices: Stubber, context: LambdaContext, log_lines: LogLines
    ) -> None:
        invoices.add_response("put_item", {}, INVOICE)
        assert billing.handler({"Records": [record(1)]}, context) == {"batchItemFailures": []}
        assert [(line["step"], line["trace"]) for line in log_lines()] == [("invoice.written", "Root=1-abc")]

    def test_the_same_order_again_writes_nothing_and_is_no_failure(
        self, billing: ModuleType, invoices: Stubber, context: LambdaContext, log_lines: LogLines
    ) -> None:
        invoices.add_client_error("put_item", "ConditionalCheckFailedException", expected_params=INVOICE)
        assert billing.handler({"Records": [record(1)]}, context) == {"batchItemFailures": []}
        assert [line["step"] for line in log_lines()] == ["invoice.known"]

    @pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (2, 2), (5, 2)])
    def test_a_wrong_rate_fails_the_order_and_makes_it_wait(
        self,
        load_handler: LoadHandler,
        context: LambdaContext,
        log_lines: LogLines,
        attempt: int,
        seconds: int,
    ) -> None:
        billing = load_handler(
            f"{FUNCTIONS}/billing/app.py", INVOICES_TABLE="invoices", QUEUE_URL=QUEUE, VAT_PERCENT="nineteen"
        )
        with Stubber(billing.sqs) as queue:
            queue.add_response(
                "change_message_visibility",
                {},
                {"QueueUrl": QUEUE, "ReceiptHandle": "handle-1", "VisibilityTimeout": seconds},
            )
            answer = billing.handler({"Records": [record(1, attempt=attempt)]}, context)
            queue.assert_no_pending_responses()
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
        (line,) = log_lines()
        assert line["step"] == "billing.failed"
        assert "'nineteen'" in line["error"]

    def test_a_database_error_fails_only_its_order(
        self, billing: ModuleType, invoices: Stubber, queue: Stubber, context: LambdaContext
    ) -> None:
        invoices.add_client_error("put_item", "ProvisionedThroughputExceededException")
        queue.add_response("change_message_visibility", {})
        invoices.add_response("put_item", {}, INVOICE)
        answer = billing.handler({"Records": [record(1), record(2)]}, context)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}

    def test_called_directly_it_leaves_free_orders_out_itself(
        self, billing: ModuleType, invoices: Stubber, context: LambdaContext, log_lines: LogLines
    ) -> None:
        billing.direct({"order": {**ORDER, "total_cents": 0}, "trace": ""}, context)
        assert [line["step"] for line in log_lines()] == ["invoice.not.needed"]


class TestShipping:
    @pytest.fixture
    def shipping(self, load_handler: LoadHandler) -> ModuleType:
        return load_handler(f"{FUNCTIONS}/shipping/app.py", SHIPMENTS_TABLE="shipments")

    @pytest.fixture
    def shipments(self, shipping: ModuleType) -> Iterator[Stubber]:
        with Stubber(shipping.shipments.meta.client) as stubber:
            yield stubber
            stubber.assert_no_pending_responses()

    def test_a_parcel_is_booked_for_each_order_and_only_failures_are_reported(
        self, shipping: ModuleType, shipments: Stubber, context: LambdaContext, log_lines: LogLines
    ) -> None:
        row = {"TableName": "shipments", "Item": {"order": "o-1", "item": "mug"}}
        shipments.add_response("put_item", {}, row)
        answer = shipping.handler({"Records": [record(1), record(2, {"no": "order"})]}, context)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m-2"}]}
        assert [line["step"] for line in log_lines()] == ["parcel.booked", "shipping.failed"]

    def test_called_directly_it_leaves_pickups_out_itself(
        self, shipping: ModuleType, shipments: Stubber, context: LambdaContext, log_lines: LogLines
    ) -> None:
        shipping.direct({"order": {**ORDER, "delivery": "pickup"}, "trace": ""}, context)
        assert [line["step"] for line in log_lines()] == ["parcel.not.needed"]


def test_analytics_prints_a_line_in_the_embedded_metric_format(
    load_handler: LoadHandler, context: LambdaContext, log_lines: LogLines
) -> None:
    analytics = load_handler(f"{FUNCTIONS}/analytics/app.py")
    assert analytics.handler({"Records": [record(1)]}, context) == {"batchItemFailures": []}
    (line,) = log_lines()
    (metrics,) = line["_aws"]["CloudWatchMetrics"]
    named = [metric["Name"] for metric in metrics["Metrics"]] + metrics["Dimensions"][0]
    assert {name: line[name] for name in named} == {"Sales": 1, "Cents": 2400, "delivery": "parcel"}
    assert (line["step"], line["trace"], line["order"]) == ("sale.counted", "Root=1-abc", "o-1")


class TestChain:
    @pytest.fixture
    def chain(self, load_handler: LoadHandler) -> ModuleType:
        return load_handler(
            f"{FUNCTIONS}/chain/app.py",
            BILLING_FUNCTION="billing",
            SHIPPING_FUNCTION="shipping",
            ANALYTICS_FUNCTION="analytics",
        )

    @staticmethod
    def says(stubber: Stubber, text: str, error: str | None = None) -> None:
        payload = StreamingBody(io.BytesIO(text.encode()), len(text))
        response: dict[str, Any] = {"StatusCode": 200, "Payload": payload}
        stubber.add_response("invoke", response | ({"FunctionError": error} if error else {}))

    def test_every_consumer_is_called_before_the_caller_has_an_answer(
        self, chain: ModuleType, context: LambdaContext
    ) -> None:
        with Stubber(chain.functions) as stubber:
            for _ in range(3):
                self.says(stubber, "null")
            assert chain.handler(post(ORDER), context)["statusCode"] == 201
            stubber.assert_no_pending_responses()

    def test_one_broken_consumer_fails_the_order_and_the_rest_never_hear_of_it(
        self, chain: ModuleType, context: LambdaContext, log_lines: LogLines
    ) -> None:
        with Stubber(chain.functions) as stubber:
            self.says(stubber, "null")
            self.says(stubber, '{"errorMessage": "no"}', "Unhandled")
            assert chain.handler(post(ORDER), context)["statusCode"] == 500
            stubber.assert_no_pending_responses()
        (line,) = log_lines()
        assert line["error"].startswith("SHIPPING_FUNCTION")

    @pytest.mark.parametrize("body", [None, "{", []])
    def test_what_is_no_object_is_refused(self, chain: ModuleType, context: LambdaContext, body: object) -> None:
        assert chain.handler(post(body), context)["statusCode"] == 400
