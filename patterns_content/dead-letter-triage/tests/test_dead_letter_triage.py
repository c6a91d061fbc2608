"""Dead-Letter Triage's handlers: the worker on a real table, and triage on real queues."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from handler_tests import LambdaContext, LoadHandler, LogLines, client, repeat_each, resources

SLUG = "dead-letter-triage"
_numbers = count(1)


class Bakery:
    """The handlers with queues and tables of their own."""

    def __init__(self, load: LoadHandler, make_table: Callable[[str, str], str], aws: str) -> None:
        self.sqs = client("sqs", aws)
        number = next(_numbers)
        self.orders = self.sqs.create_queue(QueueName=f"orders-{number}")["QueueUrl"]
        self.letters = self.sqs.create_queue(QueueName=f"letters-{number}")["QueueUrl"]
        self.table, self.archive = make_table(SLUG, "OrdersTable"), make_table(SLUG, "ArchiveTable")
        self.dynamodb = client("dynamodb", aws)
        environment = {
            "AWS_ENDPOINT_URL": aws,
            "QUEUE_URL": self.orders,
            "DEAD_LETTERS_URL": self.letters,
            "ORDERS_TABLE": self.table,
            "ARCHIVE_TABLE": self.archive,
            "UNITS": "piece,dozen",
            "OVEN": "works",
        }
        at = f"{SLUG}/functions"
        self.worker = load(f"{at}/worker/app.py", **environment)
        self.triage = load(f"{at}/triage/app.py", **environment)
        self.naive = load(f"{at}/triage/naive.py", **environment)

    def deliver(self, *bodies: object, redriven: str = "") -> list[str]:
        """The identifiers that the worker returns for a batch with these bodies."""
        attributes = {"trace": {"dataType": "String", "stringValue": "trace:Root=1-abc"}}
        if redriven:
            attributes["redriven"] = {"dataType": "String", "stringValue": redriven}
        records = [
            {
                "messageId": f"m-{number}",
                "receiptHandle": f"handle-{number}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": attributes,
            }
            for number, body in enumerate(bodies)
        ]
        answer = self.worker.handler({"Records": records}, LambdaContext())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def call(self, resource: str, body: object = None, *, naive: bool = False) -> tuple[int, dict[str, Any]]:
        handler = (self.naive if naive else self.triage).handler
        method = "GET" if resource == "/dead-letters" else "POST"
        text = body if isinstance(body, str) else json.dumps(body)
        answer = handler({"resource": resource, "httpMethod": method, "headers": None, "body": text}, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"])

    def reasons(self) -> dict[str, int]:
        status, found = self.call("/dead-letters")
        assert status == 200
        assert found["count"] == sum(group["count"] for group in found["reasons"])
        return {group["reason"]: group["count"] for group in found["reasons"]}

    def waiting(self) -> list[dict[str, Any]]:
        """What is in the order queue; it is received, and so hidden from now on."""
        found = self.sqs.receive_message(QueueUrl=self.orders, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        return list(found.get("Messages", []))

    def rows(self, table: str) -> list[dict[str, Any]]:
        return list(self.dynamodb.scan(TableName=table, ConsistentRead=True)["Items"])


@pytest.fixture
def bakery(load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str) -> Bakery:
    return Bakery(load_handler, make_table, embedded_aws)


def order(number: str = "1", version: int = 1, quantity: int = 2, unit: str = "piece") -> dict[str, Any]:
    return {"order": number, "version": version, "quantity": quantity, "unit": unit}


class TestWorker:
    def test_an_order_is_stored_and_a_repeated_or_older_version_changes_nothing(
        self, bakery: Bakery, log_lines: LogLines
    ) -> None:
        assert bakery.deliver(order(version=2), order(version=2, quantity=9), order(version=1)) == []
        assert [line["step"] for line in log_lines()] == ["order.stored", "order.repeated", "order.superseded"]
        (row,) = bakery.rows(bakery.table)
        assert (row["version"]["N"], row["quantity"]["N"]) == ("2", "2")

    def test_a_newer_version_replaces_the_order(self, bakery: Bakery) -> None:
        bakery.deliver(order(version=1), order(version=3, quantity=5))
        (row,) = bakery.rows(bakery.table)
        assert (row["version"]["N"], row["quantity"]["N"]) == ("3", "5")

    def test_a_write_whose_answer_was_lost_is_a_repetition(self, bakery: Bakery, log_lines: LogLines) -> None:
        repeat_each(bakery.worker.dynamodb, "PutItem")
        assert bakery.deliver(order()) == []
        assert [line["step"] for line in log_lines()] == ["order.repeated"]
        assert len(bakery.rows(bakery.table)) == 1

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ("{", "NotAnOrder"),
            ("[]", "NotAnOrder"),
            ('"text"', "NotAnOrder"),
            ("[" * 100_000, "NotAnOrder"),
            ({**order(), "order": "\ud800"}, "NotAnOrder"),
            ({**order(), "version": True}, "NotAnOrder"),
            (order(version=0), "NotAnOrder"),
            (order(quantity=0), "NotAnOrder"),
            (order(version=10**40), "NotAnOrder"),  # DynamoDB takes 38 digits
            (order(quantity=10**40), "NotAnOrder"),
            (order(unit="tray"), "UnknownUnit"),
        ],
        ids=lambda value: str(value)[:24],
    )
    def test_what_cannot_be_stored_is_set_aside_with_the_reason_and_its_neighbor_is_stored(
        self, bakery: Bakery, body: object, reason: str
    ) -> None:
        assert bakery.deliver(body, order("neighbor")) == []
        assert bakery.reasons() == {reason: 1}
        assert [row["order"]["S"] for row in bakery.rows(bakery.table)] == ["neighbor"]

    def test_an_outage_is_retried_and_not_set_aside(self, bakery: Bakery) -> None:
        bakery.worker.os.environ["OVEN"] = "stopped"
        assert bakery.deliver(order()) == ["m-0"]
        assert bakery.reasons() == {}

    def test_what_cannot_be_set_aside_is_retried(self, bakery: Bakery, log_lines: LogLines) -> None:
        bakery.sqs.delete_queue(QueueUrl=bakery.letters)
        assert bakery.deliver("{") == ["m-0"]
        assert log_lines()[-1]["step"] == "set.aside.failed"

    def test_the_number_of_redrives_survives_another_failure(self, bakery: Bakery) -> None:
        bakery.deliver(order(unit="tray"), redriven="2")
        _, found = bakery.call("/dead-letters")
        assert found["reasons"][0]["redriven"] == 2


class TestTriage:
    def test_two_looks_in_a_row_show_the_same(self, bakery: Bakery) -> None:
        bakery.deliver(*[order(str(number), unit="tray") for number in range(13)], order(quantity=0))
        assert bakery.reasons() == {"UnknownUnit": 13, "NotAnOrder": 1}
        assert bakery.reasons() == {"UnknownUnit": 13, "NotAnOrder": 1}

    @pytest.mark.parametrize("redriven", ["", "two", "\u00b2", "1" * 5000])
    def test_a_count_of_redrives_that_is_no_count_is_0(self, bakery: Bakery, redriven: str) -> None:
        attributes = {"redriven": {"DataType": "String", "StringValue": redriven}} if redriven else {}
        bakery.sqs.send_message(QueueUrl=bakery.letters, MessageBody="x", MessageAttributes=attributes)
        status, found = bakery.call("/dead-letters")
        assert (status, found["reasons"][0]["redriven"]) == (200, 0)

    def test_a_message_that_sqs_moved_has_no_reason(self, bakery: Bakery) -> None:
        bakery.sqs.send_message(QueueUrl=bakery.letters, MessageBody="x" * 900)
        _, found = bakery.call("/dead-letters")
        (group,) = found["reasons"]
        assert (group["reason"], group["count"], len(group["example"]["body"])) == ("unknown", 1, 500)
        assert 0 <= group["oldest_s"] <= 60

    def test_only_the_chosen_reason_and_number_are_sent_back(self, bakery: Bakery) -> None:
        bakery.deliver(*[order(str(number), unit="tray") for number in range(4)], order(quantity=0))
        assert bakery.call("/dead-letters/redrive", {"reason": "UnknownUnit", "limit": 3}) == (
            200,
            {"redriven": 3, "left": 1},
        )
        assert bakery.reasons() == {"UnknownUnit": 1, "NotAnOrder": 1}
        sent = bakery.waiting()
        assert len(sent) == 3
        assert {message["MessageAttributes"]["redriven"]["StringValue"] for message in sent} == {"1"}
        assert {message["MessageAttributes"]["trace"]["StringValue"] for message in sent} == {"trace:Root=1-abc"}

    def test_what_is_discarded_is_in_the_archive_and_not_in_the_queue(self, bakery: Bakery) -> None:
        bakery.deliver(order(quantity=0), order("2", unit="tray"))
        assert bakery.call("/dead-letters/discard", {"reason": "NotAnOrder", "limit": 200}) == (200, {"discarded": 1})
        assert bakery.reasons() == {"UnknownUnit": 1}
        (row,) = bakery.rows(bakery.archive)
        assert (row["reason"]["S"], json.loads(row["body"]["S"])["quantity"]) == ("NotAnOrder", 0)

    def test_a_redrive_that_fails_gives_back_what_it_has_not_sent(self, bakery: Bakery) -> None:
        bakery.deliver(*[order(str(number), unit="tray") for number in range(3)])
        bakery.sqs.delete_queue(QueueUrl=bakery.orders)
        with pytest.raises(bakery.sqs.exceptions.ClientError):
            bakery.call("/dead-letters/redrive", {"reason": "UnknownUnit", "limit": 2})
        assert bakery.reasons() == {"UnknownUnit": 3}

    @pytest.mark.parametrize(
        "body",
        [
            "",
            "{",
            "[]",
            {"reason": "UnknownUnit"},
            {"reason": "", "limit": 1},
            {"reason": "UnknownUnit", "limit": 0},
            {"reason": "UnknownUnit", "limit": 201},
            {"reason": "UnknownUnit", "limit": True},
            {"reason": "UnknownUnit", "limit": "2"},
            "[" * 100_000,
        ],
        ids=lambda value: str(value)[:24],
    )
    def test_a_request_without_a_reason_and_a_limit_moves_nothing(self, bakery: Bakery, body: object) -> None:
        bakery.deliver(order(unit="tray"))
        for resource in ("/dead-letters/redrive", "/dead-letters/discard"):
            status, answer = bakery.call(resource, body)
            assert (status, answer["title"]) == (400, "Send a reason and a limit of 1 to 200")
        assert bakery.reasons() == {"UnknownUnit": 1}


class TestNaiveTwin:
    def test_its_second_look_is_empty(self, bakery: Bakery) -> None:
        bakery.deliver(order(unit="tray"), order(quantity=0))
        assert bakery.call("/dead-letters", naive=True)[1]["count"] == 2
        assert bakery.call("/dead-letters", naive=True)[1]["count"] == 0

    def test_it_sends_everything_back(self, bakery: Bakery) -> None:
        bakery.deliver(order(unit="tray"), order(quantity=0))
        assert bakery.call("/dead-letters/redrive", naive=True) == (200, {"redriven": 2})
        assert len(bakery.waiting()) == 2

    def test_it_deletes_everything(self, bakery: Bakery) -> None:
        bakery.deliver(order(unit="tray"), order(quantity=0))
        assert bakery.call("/dead-letters/discard", naive=True) == (200, {"discarded": 2})
        assert bakery.waiting() == []
        assert bakery.reasons() == {}


def test_no_alarm_depends_on_an_age_that_three_looks_hide() -> None:
    """ApproximateAgeOfOldestMessage leaves out what was received three times or more, and a look is a receive.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    (2026-12-01)
    """
    alarms = [one["Properties"] for one in resources(SLUG).values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    assert {alarm["MetricName"] for alarm in alarms} == {"ApproximateNumberOfMessagesVisible"}
    forgotten = max(alarm["Period"] * alarm["EvaluationPeriods"] for alarm in alarms)
    assert forgotten == 3 * 24 * 3600
