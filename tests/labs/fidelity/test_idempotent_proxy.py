"""Idempotent Proxy: what the embedded AWS does, as the pattern's ledger says."""

import asyncio
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from catalogue.labs.demos import operations
from catalogue.labs.demos.expectations import StepAnswer
from catalogue.labs.edge.client import call_edge
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.targets import get_target
from catalogue.patterns.content.schemas.pattern import Operation
from tests.labs.conftest import run
from tests.labs.fidelity.conftest import Stack

SLUG = "idempotent-proxy"
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def request(order: str) -> dict[str, Any]:
    return {"order": order, "amount_cents": 4200, "currency": "EUR"}


def charge(stack: Stack, key: str, order: str = "order-1") -> StepAnswer:
    return stack.call("POST", "/charges", {"Idempotency-Key": key}, json=request(order))


def charges(stack: Stack, order: str = "order-1") -> int:
    return int(stack.call("GET", f"/orders/{order}/charges").parsed["count"])


def record(stack: Stack, key: str) -> dict[str, Any]:
    found = stack.client("dynamodb").get_item(TableName=stack.id("KeysTable"), Key={"id": {"S": key}})
    return dict(found.get("Item", {}))


def perform(stack: Stack, **operation: Any) -> str:
    return operations.perform(operations.Stack(get_target(), resources_of(stack.lab)), Operation(**operation))


@pytest.mark.ledger(SLUG, "both-or-neither")
def test_a_lost_claim_writes_no_charge(stack: Stack) -> None:
    assert charge(stack, "key-of-mine").status == 201
    put = {
        "TableName": stack.id("ChargesTable"),
        "Item": {"order": {"S": "order-1"}, "charge": {"S": "second"}, "amount_cents": {"N": "4200"}},
    }
    update = {
        "TableName": stack.id("KeysTable"),
        "Key": {"id": {"S": "key-of-mine"}},
        "UpdateExpression": "SET body = :body",
        "ConditionExpression": "#owner = :me",
        "ExpressionAttributeNames": {"#owner": "owner"},
        "ExpressionAttributeValues": {":me": {"S": "another attempt"}, ":body": {"S": "{}"}},
    }
    with pytest.raises(ClientError) as refused:
        stack.client("dynamodb").transact_write_items(TransactItems=[{"Put": put}, {"Update": update}])
    reasons = [reason["Code"] for reason in refused.value.response["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed"]
    assert charges(stack) == 1


@pytest.mark.ledger(SLUG, "transaction-permissions")
def test_a_refused_transaction_leaves_a_claim_and_nothing_else(stack: Stack) -> None:
    denied = {"resource": "ChargesFunction", "name": "dynamodb:PutItem", "to": "ChargesTable"}
    perform(stack, action="revoke-permission", **denied)
    assert charge(stack, "refused-key").status == 502
    assert stack.lines("ChargesFunction", "AccessDeniedException")
    left = record(stack, "refused-key")
    assert (left["state"]["S"], "body" in left, charges(stack)) == ("in_progress", False, 0)
    perform(stack, action="restore-permission", **denied)
    perform(stack, action="expire-items", resource="KeysTable", name="lease_until")
    again = charge(stack, "refused-key")
    assert (again.status, again.headers["idempotent-replayed"], charges(stack)) == (201, "false", 1)


@pytest.mark.ledger(SLUG, "transaction-conflict")
def test_simultaneous_transactions_do_not_conflict(stack: Stack) -> None:
    dynamodb, table = stack.client("dynamodb"), stack.id("KeysTable")

    def count_up(_: int) -> None:
        update = {
            "TableName": table,
            "Key": {"id": {"S": "counter"}},
            "UpdateExpression": "ADD times :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        dynamodb.transact_write_items(TransactItems=[{"Update": update}])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count_up, range(40)))
    assert record(stack, "counter")["times"]["N"] == "40"


@pytest.mark.ledger(SLUG, "read-units")
def test_consumed_read_units_do_not_grow_with_the_item(stack: Stack) -> None:
    dynamodb, table = stack.client("dynamodb"), stack.id("KeysTable")
    dynamodb.put_item(TableName=table, Item={"id": {"S": "large"}, "body": {"S": "x" * 20_000}})

    def units(consistent: bool) -> float:
        asked = {"TableName": table, "Key": {"id": {"S": "large"}}, "ReturnConsumedCapacity": "TOTAL"}
        return float(dynamodb.get_item(**asked, ConsistentRead=consistent)["ConsumedCapacity"]["CapacityUnits"])

    assert (units(True), units(False)) == (1.0, 0.5)


@pytest.mark.ledger(SLUG, "process-ends")
def test_a_process_that_ends_is_a_502_and_the_next_call_is_cold(stack: Stack) -> None:
    assert charge(stack, "warm-up-key").status == 201
    stack.set_environment("ChargesFunction", FAULT="crash-after-claim")
    crashed = charge(stack, "crashed-key")
    assert (crashed.status, crashed.parsed) == (502, {"message": "Internal server error"})
    assert stack.lines("ChargesFunction", "Runtime.ExitError")
    before = len(stack.lines("ChargesFunction", "Init Duration"))
    charge(stack, "crashed-key-2")
    assert len(stack.lines("ChargesFunction", "Init Duration")) == before + 1


@pytest.mark.ledger(SLUG, "configuration-change")
def test_a_changed_variable_counts_from_the_next_call_on(stack: Stack) -> None:
    assert charge(stack, "first-key").status == 201
    functions, name = stack.client("lambda"), stack.id("ChargesFunction")
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    changed = functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**variables, "FAULT": "crash-after-claim"}}
    )
    assert changed["LastUpdateStatus"] == "InProgress"
    assert charge(stack, "second-key").status == 502


@pytest.mark.ledger(SLUG, "expired-and-there")
def test_an_expired_record_is_there_and_does_not_count(stack: Stack) -> None:
    first = charge(stack, "kept-key")
    assert charge(stack, "kept-key").headers["idempotent-replayed"] == "true"
    perform(stack, action="expire-items", resource="KeysTable", name="expires_at")
    assert int(record(stack, "kept-key")["expires_at"]["N"]) < time.time()
    second = charge(stack, "kept-key")
    assert (second.status, second.headers["idempotent-replayed"]) == (201, "false")
    assert second.parsed["charge"] != first.parsed["charge"]
    assert charges(stack) == 2


@pytest.mark.ledger(SLUG, "early-lease")
def test_a_lease_that_ends_too_early_still_makes_one_charge(stack: Stack) -> None:
    stack.set_environment("ChargesFunction", LEASE_SECONDS="0.05")

    async def six(key: str) -> list[StepAnswer]:
        headers = {"Idempotency-Key": key}
        calls = (call_edge(stack.lab.pk, "POST", "/charges", headers, request("order-1")) for _ in range(6))
        return list(await asyncio.gather(*calls))

    # Whether two of them meet is the machine's choice: another six do, with workers that have started meanwhile.
    for keys in range(1, 11):
        answers = run(six(str(uuid.uuid4())))
        assert {answer.status for answer in answers} <= {201, 409}
        assert len({answer.parsed["charge"] for answer in answers if answer.status == 201}) == 1
        assert charges(stack) == keys
        if len(stack.lines("ChargesFunction", "key.claimed")) > keys:
            break
    else:
        pytest.fail("No lease was taken over.")
