"""Circuit Breaker: what the embedded AWS does, as the pattern's ledger reports it."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from tests.labs.fidelity.conftest import Stack

SLUG = "circuit-breaker"
FAILS = """
def handler(event, context):
    raise ValueError("not today")
"""
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


@pytest.mark.ledger(SLUG, "one-winner")
def test_one_of_many_conditional_writes_succeeds(stack: Stack) -> None:
    table, client = stack.id("BreakerTable"), stack.client("dynamodb")
    client.put_item(TableName=table, Item={"name": {"S": "carrier"}, "until": {"N": "1"}})

    def take(lease: int) -> bool:
        try:
            client.update_item(
                TableName=table,
                Key={"name": {"S": "carrier"}},
                UpdateExpression="SET #until = :lease",
                ConditionExpression="#until = :seen",
                ExpressionAttributeNames={"#until": "until"},
                ExpressionAttributeValues={":lease": {"N": str(lease)}, ":seen": {"N": "1"}},
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(2, 26))) == 1


@pytest.mark.ledger(SLUG, "throttled")
def test_a_function_without_concurrency_answers_429(stack: Stack) -> None:
    functions, carrier = stack.client("lambda"), stack.id("CarrierFunction")
    functions.put_function_concurrency(FunctionName=carrier, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as refused:
        functions.invoke(FunctionName=carrier, Payload=json.dumps({"product": "sofa"}).encode())
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


@pytest.mark.ledger(SLUG, "function-error")
def test_a_failed_invocation_has_a_function_error(stack: Stack) -> None:
    stack.replace_handler("CarrierFunction", FAILS)
    answer = stack.client("lambda").invoke(FunctionName=stack.id("CarrierFunction"), Payload=b"{}")
    assert (answer["StatusCode"], "FunctionError" in answer) == (200, True)
    said = json.loads(answer["Payload"].read())
    assert (said["errorType"], said["errorMessage"]) == ("Runtime.HandlerError", "not today")
