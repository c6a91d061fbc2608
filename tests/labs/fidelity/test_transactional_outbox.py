"""Transactional Outbox: what the embedded AWS does, as the pattern's ledger reports it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.labs.fidelity.conftest import Stack, until

SLUG = "transactional-outbox"
REPORTS_FAILURES = """
import json

def handler(event, context):
    print(json.dumps({"step": "seen", "records": len(event["Records"])}))
    failed = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
"""
"""A relay that returns every record as failed."""
FAILS = """
import json

def handler(event, context):
    print(json.dumps({"step": "seen", "records": len(event["Records"])}))
    raise RuntimeError("not now")
"""
"""A relay that fails."""
SUCCEEDS = """
import json

def handler(event, context):
    print(json.dumps({"step": "later", "events": [r["dynamodb"]["Keys"]["event"]["S"] for r in event["Records"]]}))
"""
"""A relay that reports which events it was handed."""
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def write(stack: Stack, *events: str) -> None:
    """New rows of the outbox, one after the other."""
    for event in events:
        row = {"event": event, "type": "order.placed", "order": event, "street": "1 Mill Lane", "trace": "trace:"}
        item = {name: {"S": value} for name, value in row.items()}
        stack.client("dynamodb").put_item(TableName=stack.id("OutboxTable"), Item=item)


def set_mapping(stack: Stack, **settings: Any) -> None:
    stack.client("lambda").update_event_source_mapping(UUID=stack.id("RelayEventSource"), **settings)


def count(stack: Stack, table: str) -> int:
    return int(stack.client("dynamodb").scan(TableName=stack.id(table), Select="COUNT")["Count"])


def steps(stack: Stack, name: str) -> list[dict[str, Any]]:
    return [json.loads(line.message) for line in stack.lines("RelayFunction", f'"{name}"')]


@pytest.mark.ledger(SLUG, "transaction")
def test_a_canceled_transaction_writes_neither_order_nor_event(stack: Stack) -> None:
    set_mapping(stack, Enabled=False)
    body = {"bouquet": "Tulips", "street": "1 Mill Lane"}
    assert stack.call("PUT", "/orders/one", json=body).status == 201
    assert (count(stack, "OrdersTable"), count(stack, "OutboxTable")) == (1, 1)
    assert stack.call("PUT", "/orders/one", json={**body, "bouquet": "Roses"}).status == 409
    assert (count(stack, "OrdersTable"), count(stack, "OutboxTable")) == (1, 1)


@pytest.mark.ledger(SLUG, "retries")
def test_a_limit_for_attempts_is_ignored(stack: Stack) -> None:
    set_mapping(stack, MaximumRetryAttempts=1)
    stack.replace_handler("RelayFunction", FAILS)
    write(stack, "one")
    until(lambda: len(steps(stack, "seen")) > 2)


@pytest.mark.ledger(SLUG, "partial")
def test_records_returned_as_failed_are_not_delivered_again(stack: Stack) -> None:
    set_mapping(stack, FunctionResponseTypes=["ReportBatchItemFailures"])
    stack.replace_handler("RelayFunction", REPORTS_FAILURES)
    write(stack, "one")
    until(lambda: steps(stack, "seen"))
    stack.replace_handler("RelayFunction", SUCCEEDS)
    write(stack, "two")
    assert until(lambda: steps(stack, "later"))[0]["events"] == ["two"]


@pytest.mark.ledger(SLUG, "order")
def test_events_are_sent_in_the_order_in_which_they_were_written(stack: Stack) -> None:
    written = [f"event-{number}" for number in range(12)]
    write(stack, *written)
    until(lambda: len(steps(stack, "event.done")) == 12)
    sent = sorted(steps(stack, "event.sent"), key=lambda line: float(line["at"]))
    assert [line["event"] for line in sent] == written


@pytest.mark.ledger(SLUG, "filter")
def test_deleted_rows_do_not_invoke_the_relay(stack: Stack) -> None:
    stack.replace_handler("RelayFunction", SUCCEEDS)
    write(stack, "one")
    until(lambda: steps(stack, "later"))
    stack.client("dynamodb").delete_item(TableName=stack.id("OutboxTable"), Key={"event": {"S": "one"}})
    write(stack, "two")
    until(lambda: len(steps(stack, "later")) == 2)
    assert [line["events"] for line in sorted(steps(stack, "later"), key=lambda line: str(line["events"]))] == [
        ["one"],
        ["two"],
    ]


@pytest.mark.ledger(SLUG, "disabling")
def test_a_disabled_event_source_stops_at_once_and_goes_on_where_it_stopped(stack: Stack) -> None:
    write(stack, "one")
    until(lambda: steps(stack, "event.done"))
    set_mapping(stack, Enabled=False)
    write(stack, "two", "three")
    assert count(stack, "OutboxTable") == 2
    set_mapping(stack, Enabled=True)
    until(lambda: len(steps(stack, "event.done")) == 3)
    assert {line["event"] for line in steps(stack, "event.sent")} == {"one", "two", "three"}
