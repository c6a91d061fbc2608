"""Queue-Based Event Distribution's handlers: the producer, the consumers, the naive twin's chain."""

import io
import json
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from handler_tests import LambdaContext, LoadHandler, LogLines, repeat_each

FUNCTIONS = "queue-based-event-distribution/functions"
TOPIC = "arn:aws:sns:us-east-1:000000000000:orders"
DEAD_LETTERS = "https://sqs.us-east-1.amazonaws.com/000000000000/dead-letters"
ORDER = {"order": "o-1", "item": "mug", "delivery": "parcel", "total_cents": 2400}

ONCE = {
    "ConditionExpression": "attribute_not_exists(#order)",
    "ExpressionAttributeNames": {"#order": "order"},
}
INVOICE = {"TableName": "invoices", "Item": {"order": "o-1", "total_cents": 2400, "vat_cents": 383}, **ONCE}
SHIPMENT = {"TableName": "shipments", "Item": {"order": "o-1", "item": "mug"}, **ONCE}
COUNTED = {
    "TableName": "counted",
    "Item": {"order": "o-1", "expires_at": ANY, "counted_by": ANY},
    "ConditionExpression": "attribute_not_exists(#order) OR counted_by = :me",
    "ExpressionAttributeNames": {"#order": "order"},
    "ExpressionAttributeValues": {":me": ANY},
}


def sets_aside(queue: Stubber, body: object = ANY, reason: object = ANY) -> None:
    """The consumer moves an event to its dead-letter queue, with its attributes and the reason."""
    attributes = {
        "event": {"DataType": "String", "StringValue": "order.placed"},
        "trace": {"DataType": "String", "StringValue": "Root=1-abc"},
        "reason": {"DataType": "String", "StringValue": reason},
    }
    queue.add_response(
        "send_message",
        {"MessageId": "m"},
        {"QueueUrl": DEAD_LETTERS, "MessageBody": body, "MessageAttributes": attributes},
    )


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
        answer = producer.handler(post(ORDER, **{"X-Amzn-Trace-Id": "Root=1-abc"}), context)
        assert (answer["statusCode"], json.loads(answer["body"])["order"]) == (202, "o-1")
        (event,) = topic
        assert event["TopicArn"] == TOPIC
        assert json.loads(event["Message"]) == {"schema": 1, **ORDER}
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
        producer.handler(post({**ORDER, "delivery": "pickup", "total_cents": 0}), context)
        assert "trace" not in topic[0]["MessageAttributes"]

    @pytest.mark.parametrize(
        "body",
        [
            None,
            "{",
            [],
            {},
            "[" * 200_000,
            "9" * 5_000,
            {name: value for name, value in ORDER.items() if name != "order"},
            {**ORDER, "order": 7},
            {**ORDER, "order": ""},
            {**ORDER, "order": "9" * 65},
            {**ORDER, "order": "o-1\n"},
            {**ORDER, "order": "\ud800"},
            {**ORDER, "item": "\ud800"},
            {**ORDER, "item": "\0"},
            {**ORDER, "item": ""},
            {**ORDER, "item": "x" * 300_000},
            {**ORDER, "item": 7},
            {**ORDER, "delivery": "drone"},
            {**ORDER, "total_cents": "1"},
            {**ORDER, "total_cents": 1.5},
            {**ORDER, "total_cents": True},
            {**ORDER, "total_cents": -1},
        ],
        ids=lambda body: str(body)[:60].encode("ascii", "backslashreplace").decode(),
    )
    def test_what_is_no_order_is_refused_and_not_published(
        self, producer: ModuleType, topic: list[dict[str, Any]], context: LambdaContext, body: object
    ) -> None:
        answer = producer.handler(post(body), context)
        assert answer["statusCode"] == 400
        assert answer["headers"]["Content-Type"] == "application/problem+json"
        assert topic == []


def load_billing(load_handler: LoadHandler, vat: str = "19") -> ModuleType:
    return load_handler(
        f"{FUNCTIONS}/billing/app.py", INVOICES_TABLE="invoices", DEAD_LETTERS_URL=DEAD_LETTERS, VAT_PERCENT=vat
    )


class TestBilling:
    @pytest.fixture
    def billing(self, load_handler: LoadHandler) -> ModuleType:
        return load_billing(load_handler)

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

    def test_a_wrong_rate_sets_the_order_aside_because_no_retry_changes_it(
        self, load_handler: LoadHandler, context: LambdaContext, log_lines: LogLines
    ) -> None:
        billing = load_billing(load_handler, vat="nineteen")
        with Stubber(billing.sqs) as queue:
            sets_aside(queue, json.dumps(ORDER))
            assert billing.handler({"Records": [record(1)]}, context) == {"batchItemFailures": []}
            queue.assert_no_pending_responses()
        failed, aside = log_lines()
        assert (failed["step"], aside["step"]) == ("billing.failed", "billing.set.aside")
        assert "'nineteen'" in failed["error"]

    def test_what_cannot_be_set_aside_comes_again_and_touches_no_other(
        self, billing: ModuleType, invoices: Stubber, queue: Stubber, context: LambdaContext
    ) -> None:
        queue.add_client_error("send_message", "AccessDenied")
        invoices.add_response("put_item", {}, INVOICE)
        answer = billing.handler({"Records": [record(1, {"no": "order"}), record(2)]}, context)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}

    def test_a_database_error_fails_only_its_order(
        self, billing: ModuleType, invoices: Stubber, context: LambdaContext
    ) -> None:
        invoices.add_client_error("put_item", "ProvisionedThroughputExceededException")
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
        path = f"{FUNCTIONS}/shipping/app.py"
        return load_handler(path, SHIPMENTS_TABLE="shipments", DEAD_LETTERS_URL=DEAD_LETTERS)

    @pytest.fixture
    def shipments(self, shipping: ModuleType) -> Iterator[Stubber]:
        with Stubber(shipping.shipments.meta.client) as stubber:
            yield stubber
            stubber.assert_no_pending_responses()

    def test_a_parcel_is_booked_once_and_what_is_no_order_is_set_aside(
        self, shipping: ModuleType, shipments: Stubber, context: LambdaContext, log_lines: LogLines
    ) -> None:
        shipments.add_response("put_item", {}, SHIPMENT)
        shipments.add_client_error("put_item", "ConditionalCheckFailedException", expected_params=SHIPMENT)
        with Stubber(shipping.sqs) as queue:
            sets_aside(queue)
            records = [record(1), record(2, {"no": "order"}), record(3)]
            assert shipping.handler({"Records": records}, context) == {"batchItemFailures": []}
            queue.assert_no_pending_responses()
        steps = [line["step"] for line in log_lines()]
        assert steps == ["parcel.booked", "shipping.failed", "shipping.set.aside", "parcel.known"]

    def test_called_directly_it_leaves_pickups_out_itself(
        self, shipping: ModuleType, shipments: Stubber, context: LambdaContext, log_lines: LogLines
    ) -> None:
        shipping.direct({"order": {**ORDER, "delivery": "pickup"}, "trace": ""}, context)
        assert [line["step"] for line in log_lines()] == ["parcel.not.needed"]


class TestAnalytics:
    @pytest.fixture
    def analytics(self, load_handler: LoadHandler) -> ModuleType:
        path = f"{FUNCTIONS}/analytics/app.py"
        return load_handler(path, COUNTED_TABLE="counted", DEAD_LETTERS_URL=DEAD_LETTERS)

    @pytest.fixture
    def counted(self, analytics: ModuleType) -> Iterator[Stubber]:
        with Stubber(analytics.counted.meta.client) as stubber:
            yield stubber
            stubber.assert_no_pending_responses()

    def test_a_sale_is_a_line_in_the_embedded_metric_format(
        self, analytics: ModuleType, counted: Stubber, context: LambdaContext, log_lines: LogLines
    ) -> None:
        counted.add_response("put_item", {}, COUNTED)
        assert analytics.handler({"Records": [record(1)]}, context) == {"batchItemFailures": []}
        (line,) = log_lines()
        (metrics,) = line["_aws"]["CloudWatchMetrics"]
        named = [metric["Name"] for metric in metrics["Metrics"]] + metrics["Dimensions"][0]
        assert {name: line[name] for name in named} == {"Sales": 1, "Cents": 2400, "delivery": "parcel"}
        assert (line["step"], line["trace"], line["order"]) == ("sale.counted", "Root=1-abc", "o-1")

    def test_the_same_order_again_is_not_counted_again(
        self, analytics: ModuleType, counted: Stubber, context: LambdaContext, log_lines: LogLines
    ) -> None:
        counted.add_client_error("put_item", "ConditionalCheckFailedException", expected_params=COUNTED)
        assert analytics.handler({"Records": [record(1)]}, context) == {"batchItemFailures": []}
        assert [line["step"] for line in log_lines()] == ["sale.known"]

    def test_an_order_whose_write_the_sdk_repeats_is_counted_once(
        self,
        load_handler: LoadHandler,
        make_table: Callable[[str, str], str],
        embedded_aws: str,
        context: LambdaContext,
        log_lines: LogLines,
    ) -> None:
        table = make_table("queue-based-event-distribution", "CountedTable")
        names = {"COUNTED_TABLE": table, "DEAD_LETTERS_URL": DEAD_LETTERS, "AWS_ENDPOINT_URL": embedded_aws}
        analytics = load_handler(f"{FUNCTIONS}/analytics/app.py", **names)
        repeat_each(analytics.counted.meta.client, "PutItem")
        assert analytics.handler({"Records": [record(1), record(2)]}, context) == {"batchItemFailures": []}
        assert [line["step"] for line in log_lines()] == ["sale.counted", "sale.known"]

    def test_an_unreadable_event_is_set_aside_and_its_neighbors_are_counted(
        self, analytics: ModuleType, counted: Stubber, context: LambdaContext, log_lines: LogLines
    ) -> None:
        counted.add_response("put_item", {}, COUNTED)
        counted.add_response("put_item", {})
        unreadable = {**record(2), "body": "{not an order"}
        with Stubber(analytics.sqs) as queue:
            sets_aside(queue, "{not an order")
            records = [record(1), unreadable, record(3, {**ORDER, "order": "o-3"})]
            assert analytics.handler({"Records": records}, context) == {"batchItemFailures": []}
            queue.assert_no_pending_responses()
        steps = [line["step"] for line in log_lines()]
        assert steps == ["sale.counted", "analytics.failed", "analytics.set.aside", "sale.counted"]


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

    def test_one_broken_consumer_fails_the_order_and_the_rest_do_not_get_it(
        self, chain: ModuleType, context: LambdaContext, log_lines: LogLines
    ) -> None:
        with Stubber(chain.functions) as stubber:
            self.says(stubber, "null")
            self.says(stubber, '{"errorMessage": "no"}', "Unhandled")
            assert chain.handler(post(ORDER), context)["statusCode"] == 500
            stubber.assert_no_pending_responses()
        (line,) = log_lines()
        assert line["error"].startswith("SHIPPING_FUNCTION")

    @pytest.mark.parametrize("body", [None, "{", [], {"item": "mug"}, {"order": "9" * 65}])
    def test_what_has_no_number_is_refused(self, chain: ModuleType, context: LambdaContext, body: object) -> None:
        assert chain.handler(post(body), context)["statusCode"] == 400
