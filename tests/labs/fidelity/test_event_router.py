"""Event Router: what the embedded AWS does, as the pattern's ledger reports it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.labs.demos import operations
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.targets import get_target
from catalogue.patterns.content.schemas.pattern import Operation
from tests.labs.fidelity.conftest import Stack, until

SLUG = "event-router"
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    stack = stack_of(SLUG)
    stack.client("lambda").update_event_source_mapping(UUID=stack.id("AccountingEventSource"), Enabled=False)
    return stack


def put(stack: Stack, detail: str) -> dict[str, Any]:
    entry = {
        "EventBusName": stack.id("HallBus"),
        "Source": "concert.hall",
        "DetailType": "ticket.sold",
        "Detail": detail,
    }
    answer: dict[str, Any] = stack.client("events").put_events(Entries=[entry])
    return answer


def sale(euros: int, show: str = "opera") -> str:
    return json.dumps({"id": f"id-{euros}", "show": show, "seat": "A1", "euros": euros, "trace": ""})


def booked(stack: Stack) -> list[dict[str, Any]]:
    found = stack.client("sqs").receive_message(QueueUrl=stack.id("AccountingQueue"), MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


@pytest.mark.ledger(SLUG, "patterns")
def test_a_pattern_compares_numbers(stack: Stack) -> None:
    for euros in (99, 100):
        put(stack, sale(euros))
    assert [one["amount"] for one in until(lambda: booked(stack))] == [100]


@pytest.mark.ledger(SLUG, "transformer")
def test_a_transformer_keeps_text_and_numbers(stack: Stack) -> None:
    put(stack, sale(150, 'a "quoted" show'))
    (booking,) = until(lambda: booked(stack))
    assert booking == {"booking": "id-150", "show": 'a "quoted" show', "amount": 150, "trace": ""}


@pytest.mark.ledger(SLUG, "malformed")
def test_a_malformed_detail_is_taken(stack: Stack) -> None:
    assert put(stack, "{")["FailedEntryCount"] == 0


@pytest.mark.ledger(SLUG, "replay")
def test_what_was_put_a_moment_ago_is_replayed(stack: Stack) -> None:
    put(stack, sale(150))
    assert [one["booking"] for one in until(lambda: booked(stack))] == ["id-150"]
    replay = Operation(action="replay-events", resource="HallBus")
    operations.perform(operations.Stack(get_target(), resources_of(stack.lab)), replay)
    assert [one["booking"] for one in until(lambda: booked(stack))] == ["id-150"]
