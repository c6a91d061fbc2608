"""Transactional Outbox's handlers, against real tables and a queue: what is written, sent and planned after a kill."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler_tests import LambdaContext, LoadHandler, LogLines, client, repeat_each

SLUG = "transactional-outbox"
TULIPS = {"bouquet": "Tulips", "street": "1 Mill Lane"}
_runs = count(1)


class Killed(BaseException):
    """Stands for the end of the process. No handler catches it."""


class Florist:
    """All functions, on three tables and a queue of their own. The stream is played by handing rows to the relay."""

    def __init__(self, load: LoadHandler, make_table: Callable[[str, str], str], aws: str) -> None:
        self.dynamodb, self.sqs = client("dynamodb", aws), client("sqs", aws)
        self.queue = self.sqs.create_queue(QueueName=f"events-{next(_runs)}")["QueueUrl"]
        self.orders, self.outbox, self.deliveries = (
            make_table(SLUG, name) for name in ("OrdersTable", "OutboxTable", "DeliveriesTable")
        )
        self.environment = {
            "AWS_ENDPOINT_URL": aws,
            "ORDERS_TABLE": self.orders,
            "OUTBOX_TABLE": self.outbox,
            "DELIVERIES_TABLE": self.deliveries,
            "EVENT_QUEUE_URL": self.queue,
            "DIES": "never",
        }
        self.load = load
        self.order_function = load(f"{SLUG}/functions/orders/app.py", **self.environment)
        self.relay = load(f"{SLUG}/functions/relay/app.py", **self.environment)
        self.delivery = load(f"{SLUG}/functions/delivery/app.py", **self.environment)
        self.reader = load(f"{SLUG}/functions/reader/app.py", **self.environment)

    def put(self, order: str, body: dict[str, str] | None = None, function: Any = None) -> dict[str, Any]:
        event = {
            "headers": {"X-Amzn-Trace-Id": "Root=1-abc"},
            "pathParameters": {"order": order},
            "body": json.dumps(body or TULIPS),
        }
        answer = (function or self.order_function).handler(event, LambdaContext())
        return {"status_code": answer["statusCode"], **json.loads(answer["body"])}

    def get(self, order: str) -> dict[str, Any]:
        answer = self.reader.handler({"headers": None, "pathParameters": {"order": order}}, LambdaContext())
        return {"status_code": answer["statusCode"], **json.loads(answer["body"])}

    def rows(self, table: str) -> list[dict[str, Any]]:
        return list(self.dynamodb.scan(TableName=table, ConsistentRead=True)["Items"])

    def stream(self) -> None:
        """Hand the relay what is in the outbox, as the stream's records of new rows."""
        records = [{"eventName": "INSERT", "dynamodb": {"NewImage": row}} for row in self.rows(self.outbox)]
        if records:
            self.relay.handler({"Records": records}, LambdaContext())

    def messages(self) -> list[dict[str, Any]]:
        found = []
        while more := self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            found.extend(more)
        return found

    def deliver(self) -> list[str]:
        """Hand every message to the delivery team. Returns what it wants again."""
        records = [
            {
                "messageId": message["MessageId"],
                "body": message["Body"],
                "messageAttributes": {"trace": {"stringValue": message["MessageAttributes"]["trace"]["StringValue"]}},
            }
            for message in self.messages()
        ]
        answer = self.delivery.handler({"Records": records}, LambdaContext())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def refuse(self, clients: Any, service: str, operation: str) -> None:
        def look(model: Any, **_: Any) -> None:
            if model.name == operation:
                raise self.order_function.ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, model.name)

        clients.meta.events.register(f"before-call.{service}", look)


@pytest.fixture
def florist(load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str) -> Florist:
    return Florist(load_handler, make_table, embedded_aws)


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let `os._exit` raise, and choose the point at which a process dies."""

    def end(code: int) -> None:
        raise Killed(code)

    monkeypatch.setattr("os._exit", end)
    return lambda point: monkeypatch.setenv("DIES", point)


def test_an_order_and_its_event_are_written_sent_and_planned(florist: Florist, log_lines: LogLines) -> None:
    assert florist.put("one")["status_code"] == 201
    (row,) = florist.rows(florist.outbox)
    assert (row["type"]["S"], row["order"]["S"], row["street"]["S"]) == ("order.placed", "one", "1 Mill Lane")
    florist.stream()
    assert florist.rows(florist.outbox) == []
    assert florist.deliver() == []
    found = florist.get("one")
    assert (found["status_code"], found["delivery"], found["events_arrived"]) == (200, "planned", 1)
    lines = log_lines()
    assert [line["step"] for line in lines] == [
        "order.written",
        "event.sent",
        "event.done",
        "delivery.planned",
        "order.read",
    ]
    assert {line["trace"] for line in lines[:-1]} == {"Root=1-abc"}


def test_an_unknown_order_is_404(florist: Florist) -> None:
    assert florist.get("none")["status_code"] == 404


def test_an_order_without_a_delivery_says_so(florist: Florist) -> None:
    florist.put("one")
    found = florist.get("one")
    assert found["delivery"] == "none"
    assert "events_arrived" not in found


def test_the_same_order_again_writes_no_second_event(florist: Florist) -> None:
    assert [florist.put("one")["status_code"] for _ in range(3)] == [201, 200, 200]
    assert len(florist.rows(florist.outbox)) == 1


def test_another_order_with_a_used_number_is_409(florist: Florist) -> None:
    florist.put("one")
    assert florist.put("one", {**TULIPS, "bouquet": "Roses"})["status_code"] == 409
    assert len(florist.rows(florist.outbox)) == 1
    assert florist.get("one")["bouquet"] == "Tulips"


@pytest.mark.parametrize("number", ["", "a/b", "a" * 65, "ä", "a b"])
def test_a_number_that_is_none_is_400_and_writes_nothing(florist: Florist, number: str) -> None:
    assert florist.put(number)["status_code"] == 400
    assert florist.rows(florist.orders) == florist.rows(florist.outbox) == []


@pytest.mark.parametrize("street", ["\ud83d", "1 Mill\x00Lane", "a\nb"])
def test_a_street_that_cannot_be_printed_is_400_and_writes_nothing(florist: Florist, street: str) -> None:
    assert florist.put("one", {**TULIPS, "street": street})["status_code"] == 400
    assert florist.rows(florist.orders) == florist.rows(florist.outbox) == []


def test_a_write_whose_answer_was_lost_leaves_one_order_and_one_event(florist: Florist) -> None:
    repeat_each(florist.order_function.dynamodb, "TransactWriteItems")
    assert florist.put("one")["status_code"] in (200, 201)
    assert (len(florist.rows(florist.orders)), len(florist.rows(florist.outbox))) == (1, 1)


def test_a_transaction_that_is_refused_is_503_and_writes_neither(florist: Florist) -> None:
    florist.refuse(florist.order_function.dynamodb, "dynamodb", "TransactWriteItems")
    assert florist.put("one")["status_code"] == 503
    assert florist.rows(florist.orders) == florist.rows(florist.outbox) == []


def test_a_process_killed_after_its_write_loses_no_event(florist: Florist, kill_at: Callable[[str], None]) -> None:
    kill_at("after-write")
    with pytest.raises(Killed):
        florist.put("one")
    kill_at("never")
    florist.stream()
    florist.deliver()
    assert florist.get("one")["delivery"] == "planned"
    assert florist.put("one")["status_code"] == 200
    florist.stream()
    assert florist.messages() == []


def test_the_twin_killed_at_the_same_point_loses_its_event(florist: Florist, kill_at: Callable[[str], None]) -> None:
    twin = florist.load(f"{SLUG}/functions/naive_orders/app.py", **florist.environment)
    kill_at("after-write")
    with pytest.raises(Killed):
        florist.put("one", function=twin)
    kill_at("never")
    assert florist.put("one", function=twin)["status_code"] == 200
    assert florist.messages() == []
    assert florist.get("one")["delivery"] == "none"
    assert florist.put("two", function=twin)["status_code"] == 201
    assert len(florist.messages()) == 1


def test_a_relay_killed_after_a_send_sends_again_and_one_delivery_is_planned(
    florist: Florist, kill_at: Callable[[str], None], log_lines: LogLines
) -> None:
    florist.put("one")
    kill_at("after-send")
    for _ in range(2):
        with pytest.raises(Killed):
            florist.stream()
    kill_at("never")
    florist.stream()
    assert florist.deliver() == []
    assert florist.get("one")["events_arrived"] == 3
    assert len(florist.rows(florist.deliveries)) == 1
    assert [line["step"] for line in log_lines()].count("delivery.repeated") == 2


@pytest.mark.parametrize(
    ("clients", "service", "operation"), [("sqs", "sqs", "SendMessage"), ("dynamodb", "dynamodb", "DeleteItem")]
)
def test_a_relay_that_fails_raises_and_keeps_the_row(
    florist: Florist, clients: str, service: str, operation: str
) -> None:
    florist.put("one")
    florist.refuse(getattr(florist.relay, clients), service, operation)
    with pytest.raises(florist.order_function.ClientError):
        florist.stream()
    assert len(florist.rows(florist.outbox)) == 1


BAD = [
    "{",
    "[]",
    "null",
    "{}",
    '{"type": "order.placed"}',
    '{"type": "else", "event": "e", "order": "o", "street": "s"}',
    "[" * 100_000,
]


@pytest.mark.parametrize("body", BAD, ids=lambda body: body[:24])
def test_a_message_that_is_no_event_is_retried_and_touches_no_other(florist: Florist, body: str) -> None:
    good = json.dumps({"type": "order.placed", "event": "e", "order": "one", "street": "1 Mill Lane"})
    records = [
        {"messageId": name, "body": text, "messageAttributes": {}} for name, text in (("bad", body), ("good", good))
    ]
    answer = florist.delivery.handler({"Records": records}, LambdaContext())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert [row["order"]["S"] for row in florist.rows(florist.deliveries)] == ["one"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(["put", "put again", "put and die", "stream", "stream and die"]), max_size=8))
def test_whatever_dies_when_every_order_is_delivered_once(
    florist: Florist, kill_at: Callable[[str], None], acts: list[str]
) -> None:
    placed: list[str] = []
    for act in acts:
        kill_at({"put and die": "after-write", "stream and die": "after-send"}.get(act, "never"))
        try:
            if act.startswith("stream"):
                florist.stream()
            elif act == "put again" and placed:
                florist.put(placed[-1])
            else:
                placed.append(f"order-{next(_runs)}")
                florist.put(placed[-1])
        except Killed:
            pass
    kill_at("never")
    florist.stream()
    assert florist.deliver() == []
    assert all(florist.get(order)["delivery"] == "planned" for order in placed)
    events = {row["order"]["S"]: row["event"]["S"] for row in florist.rows(florist.deliveries)}
    assert set(placed) <= set(events)
    assert len(set(events.values())) == len(events)
