"""Queue-Based Load Leveling's handlers: the worker, the warehouse that it calls, and the naive twin."""

import json
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from handler_tests import LambdaContext, LoadHandler, LogLines, repeat_each, resources

FOLDER = "queue-based-load-leveling/functions/worker"
ENVIRONMENT = {
    "ORDERS_TABLE": "orders",
    "TERMINALS_TABLE": "terminals",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/orders",
    "DEAD_LETTERS_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/set-aside",
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


UNLESS_STORED = {
    "ConditionExpression": "attribute_not_exists(#order)",
    "ExpressionAttributeNames": {"#order": "order"},
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
        self.stubber.add_response("put_item", {}, {"TableName": "orders", "Item": row, **UNLESS_STORED})

    def has_stored(self, order: str, item: str) -> None:
        """The order's row is there already."""
        row = {"order": order, "item": item, "packed_at": ANY}
        wanted = {"TableName": "orders", "Item": row, **UNLESS_STORED}
        self.stubber.add_client_error("put_item", "ConditionalCheckFailedException", expected_params=wanted)

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
            "ConditionExpression": "attribute_not_exists(#session) OR free_after < :now OR #session = :session",
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
    def postpones(queue: Stubber, number: int) -> None:
        queue.add_response(
            "change_message_visibility",
            {},
            {"QueueUrl": ENVIRONMENT["QUEUE_URL"], "ReceiptHandle": f"handle-{number}", "VisibilityTimeout": ANY},
        )

    @staticmethod
    def sets_aside(queue: Stubber, body: str, reason: object = ANY) -> None:
        attributes = {
            "reason": {"DataType": "String", "StringValue": reason},
            "trace": {"DataType": "String", "StringValue": "trace:Root=1-abc"},
        }
        queue.add_response(
            "send_message",
            {"MessageId": "m"},
            {"QueueUrl": ENVIRONMENT["DEAD_LETTERS_URL"], "MessageBody": body, "MessageAttributes": attributes},
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

    def test_an_order_that_cannot_be_packed_is_set_aside_at_once_and_its_neighbors_are_packed(
        self,
        worker: ModuleType,
        warehouse: Warehouse,
        queue: Stubber,
        context: LambdaContext,
        log_lines: LogLines,
    ) -> None:
        warehouse.packs("1", "mug")
        self.sets_aside(queue, '{"order": "2", "item": "teapot"}', "order 2: 'teapot' is not stocked")
        warehouse.packs("3", "bowl")
        records = [
            record(1, {"order": "1", "item": "mug"}),
            record(2, {"order": "2", "item": "teapot"}),
            record(3, {"order": "3", "item": "bowl"}),
        ]
        assert worker.handler({"Records": records}, context) == {"batchItemFailures": []}
        failed = next(line for line in log_lines() if line["step"] == "order.failed")
        assert failed["error"] == "CannotPack: order 2: 'teapot' is not stocked"

    @pytest.mark.parametrize(
        "body",
        [
            "{",
            "[]",
            "null",
            "true",
            '"mug"',
            '{"item": "mug"}',
            '{"order": 7, "item": "mug"}',
            '{"order": "", "item": "mug"}',
            '{"order": "\\ud800", "item": "mug"}',
            json.dumps({"order": "9" * 65, "item": "mug"}),
            '{"order": "1", "item": "\\ud800"}',
            "[" * 200_000,
        ],
        ids=lambda body: body[:24],
    )
    def test_what_is_no_order_is_set_aside_and_never_reaches_a_terminal(
        self, worker: ModuleType, warehouse: Warehouse, queue: Stubber, context: LambdaContext, body: str
    ) -> None:
        self.sets_aside(queue, body)
        assert worker.handler({"Records": [record(1, body)]}, context) == {"batchItemFailures": []}

    def test_what_cannot_be_set_aside_comes_again(
        self,
        worker: ModuleType,
        warehouse: Warehouse,
        queue: Stubber,
        context: LambdaContext,
        log_lines: LogLines,
    ) -> None:
        queue.add_client_error("send_message", "AccessDenied")
        answer = worker.handler({"Records": [record(1, "{")]}, context)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
        assert log_lines()[-1]["step"] == "set.aside.failed"

    def test_a_busy_warehouse_makes_the_order_wait(
        self,
        worker: ModuleType,
        warehouse: Warehouse,
        queue: Stubber,
        context: LambdaContext,
        log_lines: LogLines,
    ) -> None:
        warehouse.is_full()
        self.postpones(queue, 1)
        order = record(1, {"order": "1", "item": "mug"}, attempt=3)
        answer = worker.handler({"Records": [order]}, context)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
        refused = log_lines()[-1]
        assert (refused["step"], refused["attempt"]) == ("order.refused", 3)
        assert 1 <= refused["wait_s"] <= 8

    def test_an_order_whose_wait_cannot_be_set_fails_alone(
        self,
        worker: ModuleType,
        warehouse: Warehouse,
        queue: Stubber,
        context: LambdaContext,
        log_lines: LogLines,
    ) -> None:
        warehouse.is_full()
        queue.add_client_error("change_message_visibility", "RequestThrottled")
        warehouse.packs("2", "bowl")
        records = [record(1, {"order": "1", "item": "mug"}), record(2, {"order": "2", "item": "bowl"})]
        answer = worker.handler({"Records": records}, context)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
        assert "wait.not.set" in [line["step"] for line in log_lines()]

    def test_an_order_packed_twice_keeps_its_first_row_and_is_done(
        self, worker: ModuleType, warehouse: Warehouse, queue: Stubber, context: LambdaContext
    ) -> None:
        warehouse.takes("terminal-1")
        warehouse.has_stored("1", "mug")
        warehouse.gives_back("terminal-1")
        order = record(1, {"order": "1", "item": "mug"}, attempt=2)
        assert worker.handler({"Records": [order]}, context) == {"batchItemFailures": []}

    @pytest.mark.parametrize(("attempt", "longest"), [(1, 2), (2, 4), (3, 8), (4, 16), (5, 30), (50, 30), (5000, 30)])
    def test_waits_are_fully_jittered_up_to_a_limit_that_doubles(
        self, worker: ModuleType, attempt: int, longest: int
    ) -> None:
        waits = {worker.wait_after(attempt) for _ in range(2000)}
        assert waits == set(range(1, longest + 1))

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
        self.postpones(queue, 1)
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


OUTAGE_SECONDS = 300
"""The outage that the page names: the packing system restarts, and is down for five minutes."""


def test_the_retry_budget_outlasts_the_outage_that_the_page_names(load_handler: LoadHandler) -> None:
    """The exact distribution of all waits between the first receive and the last, by convolution."""
    worker = load_handler(f"{FOLDER}/app.py", **ENVIRONMENT)
    queue = resources("queue-based-load-leveling")["OrderQueue"]["Properties"]
    receives = int(queue["RedrivePolicy"]["maxReceiveCount"])
    sums = [1.0]  # by seconds waited in all
    for attempt in range(1, receives):
        longest = min(2**attempt, worker.LONGEST_WAIT_SECONDS)
        longer = [0.0] * (len(sums) + longest)
        for seconds, chance in enumerate(sums):
            for wait in range(1, longest + 1):
                longer[seconds + wait] += chance / longest
        sums = longer
    mean = sum(seconds * chance for seconds, chance in enumerate(sums))
    assert 11.5 < mean / 60 < 12.5  # "about twelve minutes"
    assert sum(sums[: OUTAGE_SECONDS + 1]) < 1e-9


def test_a_lease_whose_write_the_sdk_repeats_is_still_the_workers_own(
    load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str
) -> None:
    slug = "queue-based-load-leveling"
    names = {"ORDERS_TABLE": make_table(slug, "OrdersTable"), "TERMINALS_TABLE": make_table(slug, "TerminalsTable")}
    worker = load_handler(f"{FOLDER}/app.py", **ENVIRONMENT | names, AWS_ENDPOINT_URL=embedded_aws)
    warehouse = worker.pack.__globals__
    repeat_each(warehouse["terminals"].meta.client, "UpdateItem")
    with warehouse["a_terminal"](), warehouse["a_terminal"](), pytest.raises(worker.WarehouseBusy):
        warehouse["a_terminal"]().__enter__()
    assert worker.pack({"order": "1", "item": "mug"}) == "1"


def test_each_queue_metric_has_its_alarm_and_none_rings_for_orders_that_are_being_packed() -> None:
    found = resources("queue-based-load-leveling")
    alarms = {
        one["Properties"]["MetricName"]: one["Properties"]
        for one in found.values()
        if one["Type"] == "AWS::CloudWatch::Alarm"
    }
    assert set(alarms) == {
        "ApproximateAgeOfOldestMessage",  # leaves out messages that were received three times or more
        "ApproximateNumberOfMessagesNotVisible",  # has those, because they wait hidden
        "ApproximateNumberOfMessagesVisible",  # of the dead-letter queue
    }
    batch = found["WorkerEventSource"]["Properties"]["BatchSize"]
    assert alarms["ApproximateNumberOfMessagesNotVisible"]["Threshold"] >= 5 * batch  # Lambda has five pollers
