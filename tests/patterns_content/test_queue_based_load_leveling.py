"""Queue-Based Load Leveling's handlers: the worker, the warehouse that it calls, and the naive twin."""

import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from django.conf import settings

from catalogue.labs.comparisons.figures import Seen, own_figures, standard_figures
from catalogue.labs.comparisons.traffic import Sent
from catalogue.labs.expectations import Answer
from catalogue.patterns.content import load_pattern
from tests.patterns_content.conftest import LambdaContext, LoadHandler, LogLines

FOLDER = "queue-based-load-leveling/functions/worker"
ENVIRONMENT = {
    "ORDERS_TABLE": "orders",
    "TERMINALS_TABLE": "terminals",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/orders",
    "STOCKED": "mug,bowl",
    "TERMINALS": "2",
}


def record(number: int, body: object, attempt: int = 1, trace: str = "trace:Root=1-abc") -> dict[str, Any]:
    """A record as Lambda's poller makes it."""
    return {
        "messageId": f"m-{number}",
        "receiptHandle": f"handle-{number}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": str(attempt), "SentTimestamp": "1770000000000"},
        "messageAttributes": {"trace": {"dataType": "String", "stringValue": trace}},
        "eventSource": "aws:sqs",
        "awsRegion": "us-east-1",
    }


class Warehouse:
    """The stubbed calls of one packing after another."""

    def __init__(self, module: ModuleType, stubber: Stubber) -> None:
        self.module, self.stubber = module, stubber

    def takes(self, terminal: str, *, free: bool = True) -> None:
        key = {"TableName": "terminals", "Key": {"terminal": terminal}}
        if free:
            self._update(key)
        else:
            self.stubber.add_client_error(
                "update_item", "ConditionalCheckFailedException", expected_params=self._expected(key)
            )

    def stores(self, order: str, item: str) -> None:
        row = {"order": order, "item": item, "packed_at": ANY}
        self.stubber.add_response("put_item", {}, {"TableName": "orders", "Item": row})

    def gives_back(self, terminal: str) -> None:
        self.stubber.add_response(
            "update_item",
            {},
            {
                "TableName": "terminals",
                "Key": {"terminal": terminal},
                "UpdateExpression": "REMOVE #session, free_after",
                "ConditionExpression": "#session = :session",
                "ExpressionAttributeNames": {"#session": "session"},
                "ExpressionAttributeValues": {":session": ANY},
            },
        )

    def packs(self, order: str, item: str) -> None:
        self.takes("terminal-1")
        self.stores(order, item)
        self.gives_back("terminal-1")

    def is_full(self) -> None:
        self.takes("terminal-1", free=False)
        self.takes("terminal-2", free=False)

    def _update(self, key: dict[str, Any]) -> None:
        self.stubber.add_response("update_item", {}, self._expected(key))

    @staticmethod
    def _expected(key: dict[str, Any]) -> dict[str, Any]:
        return {
            **key,
            "UpdateExpression": "SET #session = :session, free_after = :until",
            "ConditionExpression": "attribute_not_exists(#session) OR free_after < :now",
            "ExpressionAttributeNames": {"#session": "session"},
            "ExpressionAttributeValues": {":session": ANY, ":until": ANY, ":now": ANY},
        }


def open_warehouse(handler: ModuleType) -> Iterator[Warehouse]:
    module = handler.pack.__globals__
    module["PACKING_SECONDS"] = 0
    with Stubber(module["orders"].meta.client) as stubber:
        yield Warehouse(handler, stubber)
        stubber.assert_no_pending_responses()


class TestWorker:
    @pytest.fixture
    def worker(self, load_handler: LoadHandler) -> ModuleType:
        return load_handler(f"{FOLDER}/app.py", **ENVIRONMENT)

    @pytest.fixture
    def warehouse(self, worker: ModuleType) -> Iterator[Warehouse]:
        yield from open_warehouse(worker)

    @pytest.fixture
    def queue(self, worker: ModuleType) -> Iterator[Stubber]:
        with Stubber(worker.sqs) as stubber:
            yield stubber
            stubber.assert_no_pending_responses()

    @staticmethod
    def postpones(queue: Stubber, number: int, seconds: int) -> None:
        queue.add_response(
            "change_message_visibility",
            {},
            {
                "QueueUrl": ENVIRONMENT["QUEUE_URL"],
                "ReceiptHandle": f"handle-{number}",
                "VisibilityTimeout": seconds,
            },
        )

    def test_packed_orders_are_stored_and_not_reported(
        self,
        worker: ModuleType,
        warehouse: Warehouse,
        queue: Stubber,
        context: LambdaContext,
        log_lines: LogLines,
    ) -> None:
        warehouse.packs("1", "mug")
        warehouse.packs("2", "bowl")
        records = [record(1, {"order": "1", "item": "mug"}), record(2, {"order": "2", "item": "bowl"})]
        assert worker.handler({"Records": records}, context) == {"batchItemFailures": []}
        lines = log_lines()
        assert [line["step"] for line in lines] == ["batch.received", "order.packed", "order.packed"]
        assert {line["trace"] for line in lines} == {"Root=1-abc"}

    def test_one_bad_order_is_reported_alone(
        self,
        worker: ModuleType,
        warehouse: Warehouse,
        queue: Stubber,
        context: LambdaContext,
        log_lines: LogLines,
    ) -> None:
        warehouse.packs("1", "mug")
        self.postpones(queue, 2, 1)
        warehouse.packs("3", "bowl")
        records = [
            record(1, {"order": "1", "item": "mug"}),
            record(2, {"order": "2", "item": "teapot"}),
            record(3, {"order": "3", "item": "bowl"}),
        ]
        answer = worker.handler({"Records": records}, context)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m-2"}]}
        failed = next(line for line in log_lines() if line["step"] == "order.failed")
        assert failed["error"] == "CannotPack: order 2: 'teapot' is not stocked"

    @pytest.mark.parametrize("body", ["{", "[]", "null", '"mug"', '{"item": "mug"}', '{"order": 7, "item": "mug"}'])
    def test_what_is_no_order_is_reported_and_never_reaches_a_terminal(
        self, worker: ModuleType, warehouse: Warehouse, queue: Stubber, context: LambdaContext, body: str
    ) -> None:
        self.postpones(queue, 1, 1)
        answer = worker.handler({"Records": [record(1, body)]}, context)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}

    @pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (2, 2), (3, 2), (5, 2)])
    def test_a_busy_warehouse_makes_the_order_wait_longer_each_time_up_to_a_limit(
        self,
        worker: ModuleType,
        warehouse: Warehouse,
        queue: Stubber,
        context: LambdaContext,
        log_lines: LogLines,
        attempt: int,
        seconds: int,
    ) -> None:
        warehouse.is_full()
        self.postpones(queue, 1, seconds)
        order = record(1, {"order": "1", "item": "mug"}, attempt)
        answer = worker.handler({"Records": [order]}, context)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
        assert [line["step"] for line in log_lines()] == ["batch.received", "order.refused"]

    def test_the_second_terminal_is_taken_when_the_first_is_in_use(
        self, worker: ModuleType, warehouse: Warehouse, queue: Stubber, context: LambdaContext
    ) -> None:
        warehouse.takes("terminal-1", free=False)
        warehouse.takes("terminal-2")
        warehouse.stores("1", "mug")
        warehouse.gives_back("terminal-2")
        order = record(1, {"order": "1", "item": "mug"})
        assert worker.handler({"Records": [order]}, context) == {"batchItemFailures": []}

    def test_the_terminal_is_given_back_when_storing_fails(
        self, worker: ModuleType, warehouse: Warehouse, queue: Stubber, context: LambdaContext
    ) -> None:
        warehouse.takes("terminal-1")
        warehouse.stubber.add_client_error("put_item", "ProvisionedThroughputExceededException")
        warehouse.gives_back("terminal-1")
        self.postpones(queue, 1, 1)
        order = record(1, {"order": "1", "item": "mug"})
        assert worker.handler({"Records": [order]}, context)["batchItemFailures"]

    def test_a_caller_without_a_trace_is_no_trouble(self, worker: ModuleType) -> None:
        assert worker.trace_id(record(1, {}, trace="trace:")) == ""
        assert worker.trace_id({"messageAttributes": {}}) == ""


class TestNaiveTwin:
    @pytest.fixture
    def direct(self, load_handler: LoadHandler) -> ModuleType:
        return load_handler(f"{FOLDER}/direct.py", **ENVIRONMENT)

    @pytest.fixture
    def warehouse(self, direct: ModuleType) -> Iterator[Warehouse]:
        yield from open_warehouse(direct)

    @staticmethod
    def post(body: object) -> dict[str, Any]:
        return {
            "resource": "/orders",
            "httpMethod": "POST",
            "headers": {"X-Amzn-Trace-Id": "Root=1-abc"},
            "body": body if isinstance(body, str) else json.dumps(body),
        }

    def test_the_caller_waits_and_gets_201(
        self, direct: ModuleType, warehouse: Warehouse, context: LambdaContext
    ) -> None:
        warehouse.packs("1", "mug")
        answer = direct.handler(self.post({"order": "1", "item": "mug"}), context)
        assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (201, "packed")

    def test_a_busy_warehouse_loses_the_order(
        self, direct: ModuleType, warehouse: Warehouse, context: LambdaContext, log_lines: LogLines
    ) -> None:
        warehouse.is_full()
        answer = direct.handler(self.post({"order": "1", "item": "mug"}), context)
        assert answer["statusCode"] == 503
        assert [line["step"] for line in log_lines()] == ["order.lost"]

    @pytest.mark.parametrize("body", ["{", "", {"order": "1", "item": "teapot"}])
    def test_a_bad_order_is_the_callers_mistake(
        self, direct: ModuleType, warehouse: Warehouse, context: LambdaContext, body: object
    ) -> None:
        assert direct.handler(self.post(body), context)["statusCode"] == 400


def test_an_order_that_was_packed_and_reported_as_failed_is_not_counted_as_lost() -> None:
    comparison = load_pattern(settings.BASE_DIR / "patterns_content" / "queue-based-load-leveling").compare
    assert comparison is not None
    answers = tuple(Answer(status, {}, "", 10) for status in (201, 503, 504, 502))
    stored = {("OrdersTable", "items"): 2}  # one of them by a function whose time was over before it could answer
    seen = Seen(sent=[Sent("sale", 0, 0, answers)], before={}, after=stored)
    figures = own_figures(comparison, "naive", seen)
    assert (figures["packed"], figures["lost"], figures["untold"]) == (2, 2, 1)
    assert standard_figures(seen)["failed"] == 3
