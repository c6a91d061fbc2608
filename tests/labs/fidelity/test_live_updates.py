"""Live Updates: what the embedded AWS does, as the pattern's ledger reports it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.labs.edge.sockets.client import Talk, talk_to
from catalogue.labs.edge.sockets.relay import MOST_BYTES
from tests.labs.conftest import run
from tests.labs.fidelity.conftest import Stack, until

SLUG = "live-updates"
FAILS = """
import json

def handler(event, context):
    print(json.dumps({"step": "seen"}))
    raise RuntimeError("not now")
"""
"""A function that fails."""
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def talk(stack: Stack, *messages: Any, receive: int = 1, within: float = 60) -> dict[str, Any]:
    """What came of a WebSocket on which these messages were sent."""
    answer = run(talk_to(stack.lab.pk, "/", {}, Talk(send=messages, receive=receive, within=within)))
    assert answer.status == 101, answer.body
    return dict(answer.parsed)


def watch(order: str) -> dict[str, str]:
    return {"action": "watch", "order": order}


def put(stack: Stack, order: str) -> None:
    assert stack.call("PUT", f"/orders/{order}", json={"status": "received"}).status == 200


def steps(stack: Stack, function: str, name: str) -> list[dict[str, Any]]:
    return [json.loads(line.message) for line in stack.lines(function, f'"{name}"')]


def policy(effect: str, action: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]})


def role_of(stack: Stack, function: str) -> str:
    configuration = stack.client("lambda").get_function_configuration(FunctionName=stack.id(function))
    return str(configuration["Role"].rpartition("/")[2])


@pytest.mark.ledger(SLUG, "push")
def test_a_role_without_the_permission_may_not_post(stack: Stack) -> None:
    stack.client("iam").put_role_policy(
        RoleName=role_of(stack, "WatchFunction"),
        PolicyName="no-posts",
        PolicyDocument=policy("Deny", "execute-api:ManageConnections"),
    )
    (told,) = talk(stack, watch("one"))["received"]
    assert "AccessDeniedException" in told["errorMessage"]
    assert until(lambda: steps(stack, "WatchFunction", "watch.started"))
    stack.client("iam").delete_role_policy(RoleName=role_of(stack, "WatchFunction"), PolicyName="no-posts")
    assert talk(stack, watch("one"))["received"] == [{"order": "one", "status": "unknown", "version": 0}]


@pytest.mark.ledger(SLUG, "gone")
def test_a_connection_that_has_ended_is_gone(stack: Stack) -> None:
    stack.client("lambda").put_function_concurrency(
        FunctionName=stack.id("LeaveFunction"), ReservedConcurrentExecutions=0
    )
    talk(stack, watch("one"))

    def found_gone() -> bool:
        put(stack, "one")
        return bool(steps(stack, "PushFunction", "connection.gone"))

    until(found_gone)
    assert stack.client("dynamodb").scan(TableName=stack.id("ConnectionsTable"), Select="COUNT")["Count"] == 0


@pytest.mark.ledger(SLUG, "disconnect")
def test_an_end_is_told_once_and_a_throttled_function_never_learns_of_it(stack: Stack) -> None:
    functions = stack.client("lambda")
    talk(stack, watch("one"))
    until(lambda: steps(stack, "LeaveFunction", "connection.left"))
    functions.put_function_concurrency(FunctionName=stack.id("LeaveFunction"), ReservedConcurrentExecutions=0)
    talk(stack, watch("two"))

    def found_gone() -> bool:  # so the end has been noticed
        put(stack, "two")
        return bool(steps(stack, "PushFunction", "connection.gone"))

    until(found_gone)
    functions.delete_function_concurrency(FunctionName=stack.id("LeaveFunction"))
    talk(stack, watch("three"))
    until(lambda: len(steps(stack, "LeaveFunction", "connection.left")) == 2)
    assert [line["orders"] for line in steps(stack, "LeaveFunction", "connection.left")] == [1, 1]


@pytest.mark.ledger(SLUG, "unrouted")
def test_a_message_without_a_route_is_not_answered(stack: Stack) -> None:
    told = talk(stack, {"action": "sing"}, watch("one"), receive=2, within=3)
    assert [message["order"] for message in told["received"]] == ["one"]
    assert told["closed"] is None


@pytest.mark.ledger(SLUG, "limits")
def test_a_message_has_at_most_128_kb(stack: Stack) -> None:
    def of_size(size: int) -> dict[str, str]:
        message = {**watch("one"), "more": ""}
        return {**message, "more": "x" * (size - len(json.dumps(message)))}

    assert talk(stack, of_size(MOST_BYTES))["closed"] is None
    assert talk(stack, of_size(MOST_BYTES + 1))["closed"] == 1009


@pytest.mark.ledger(SLUG, "retries")
def test_a_limit_for_attempts_is_ignored(stack: Stack) -> None:
    mapping = stack.client("lambda").get_event_source_mapping(UUID=stack.id("PushEventSource"))
    assert mapping["MaximumRetryAttempts"] == 2
    stack.replace_handler("PushFunction", FAILS)
    put(stack, "one")
    until(lambda: len(steps(stack, "PushFunction", "seen")) > 4)
