"""Human Approval: what the embedded AWS does, as the pattern's ledger reports it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.labs.fidelity.conftest import Stack, until

SLUG = "human-approval"
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def put(stack: Stack, payment: str, where: str = "invoice") -> None:
    answer = stack.call("PUT", f"/payments/{payment}", json={"amount": 900, "where": where})
    assert answer.status == 202


def token(stack: Stack, payment: str) -> str:
    def found() -> str:
        row = stack.client("dynamodb").get_item(TableName=stack.id("TokensTable"), Key={"payment": {"S": payment}})
        return str(row["Item"]["token"]["S"]) if "Item" in row else ""

    return until(found)


def execution(stack: Stack, payment: str) -> dict[str, Any]:
    arn = stack.id("PaymentMachine").replace(":stateMachine:", ":execution:")
    found: dict[str, Any] = stack.client("stepfunctions").describe_execution(executionArn=f"{arn}:{payment}")
    return found


def ended(stack: Stack, payment: str) -> dict[str, Any]:
    until(lambda: execution(stack, payment)["status"] != "RUNNING")
    return execution(stack, payment)


def change(stack: Stack, state: str, **fields: Any) -> None:
    """Give a state of the deployed state machine other fields."""
    states = stack.client("stepfunctions")
    found = states.describe_state_machine(stateMachineArn=stack.id("PaymentMachine"))
    definition = json.loads(found["definition"])
    definition["States"][state] |= fields
    states.update_state_machine(stateMachineArn=stack.id("PaymentMachine"), definition=json.dumps(definition))


@pytest.mark.ledger(SLUG, "waiting")
def test_the_output_that_comes_with_the_token_is_the_result(stack: Stack) -> None:
    put(stack, "one")
    stack.client("stepfunctions").send_task_success(taskToken=token(stack, "one"), output='{"decision": "reject"}')
    found = ended(stack, "one")
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", {"status": "rejected", "decision": "reject"})


@pytest.mark.ledger(SLUG, "second-use")
def test_a_used_token_and_an_expired_one_are_unknown(stack: Stack) -> None:
    states = stack.client("stepfunctions")
    put(stack, "one")
    used = token(stack, "one")
    states.send_task_success(taskToken=used, output='{"decision": "reject"}')
    with pytest.raises(states.exceptions.TaskDoesNotExist):
        states.send_task_success(taskToken=used, output='{"decision": "approve"}')
    change(stack, "AskAtTheTill", TimeoutSeconds=1)
    put(stack, "two", "till")
    expired = token(stack, "two")
    ended(stack, "two")
    with pytest.raises(states.exceptions.TaskDoesNotExist):
        states.send_task_success(taskToken=expired, output='{"decision": "approve"}')


@pytest.mark.ledger(SLUG, "time-out")
def test_an_expired_request_is_a_result(stack: Stack) -> None:
    change(stack, "AskAtTheTill", TimeoutSeconds=1)
    put(stack, "one", "till")
    found = ended(stack, "one")
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", {"status": "expired", "decision": "none"})
    assert stack.invocations("BankFunction") == 0


@pytest.mark.ledger(SLUG, "asking")
def test_a_function_that_fails_to_ask_is_called_once(stack: Stack) -> None:
    change(stack, "AskAtTheTill", TimeoutSeconds=5)
    stack.replace_handler("AskFunction", "def handler(event, context):\n    raise RuntimeError('no')\n")
    put(stack, "one", "till")
    assert json.loads(ended(stack, "one")["output"])["status"] == "expired"
    assert stack.invocations("AskFunction") == 1


@pytest.mark.ledger(SLUG, "heartbeat")
def test_a_missing_heartbeat_ends_nothing(stack: Stack) -> None:
    change(stack, "AskAtTheTill", TimeoutSeconds=5, HeartbeatSeconds=1)
    put(stack, "one", "till")
    found = ended(stack, "one")
    assert json.loads(found["output"])["status"] == "expired"
    assert (found["stopDate"] - found["startDate"]).total_seconds() >= 5
