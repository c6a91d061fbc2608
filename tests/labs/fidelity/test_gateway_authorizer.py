"""Gateway Authorizer: what the embedded AWS does, as the pattern's ledger says."""

import json
import time
import uuid
from collections.abc import Callable

import pytest

from tests.labs.fidelity.conftest import ECHO, Stack

SLUG = "gateway-authorizer"
pytestmark = pytest.mark.lab

LET_IN = """
def handler(event, context):
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": [event["methodArn"]]}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "ada", "policyDocument": policy, "context": CONTEXT}
"""
"""An authorizer that lets everyone in, with a context to be filled in."""


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def token(stack: Stack) -> dict[str, str]:
    """The header of a fresh token that may read prices."""
    asked = {"sub": "ada", "scopes": ["prices:read"], "expires_in": 3600}
    minted = stack.call("POST", "/tokens", json=asked)
    assert minted.status == 200
    return {"Authorization": f"Bearer {minted.parsed['access_token']}"}


@pytest.mark.ledger(SLUG, "decision-cached")
def test_a_decision_is_kept_for_its_time_to_live_and_no_longer(stack: Stack) -> None:
    stack.client("apigateway").update_authorizer(
        restApiId=stack.id("Api"),
        authorizerId=stack.id("TokenAuthorizer"),
        patchOperations=[{"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": "5"}],
    )
    header = token(stack)
    assert [stack.call("GET", "/prices", header).status for _ in range(3)] == [200, 200, 200]
    first = stack.invocations("AuthorizerFunction")
    time.sleep(5.1)  # the very thing under test: nothing else shows that the time is over
    assert stack.call("GET", "/prices", header).status == 200
    assert (first, stack.invocations("AuthorizerFunction")) == (1, 2)


@pytest.mark.ledger(SLUG, "context-values")
def test_context_values_become_strings_and_objects_are_dropped(stack: Stack) -> None:
    context = '{"number": 7, "yes": True, "text": "a", "list": ["b"]}'
    stack.replace_handler("AuthorizerFunction", LET_IN.replace("CONTEXT", context))
    stack.replace_handler("PricesFunction", ECHO)
    answer = stack.call("GET", "/prices", {"Authorization": "anything"})
    known = {"number": "7", "yes": "true", "text": "a", "principalId": "ada"}
    assert answer.parsed["requestContext"]["authorizer"] == known


@pytest.mark.ledger(SLUG, "context-in-refusals")
def test_the_authorizers_context_is_not_filled_into_a_gateway_response(stack: Stack) -> None:
    gateway, api = stack.client("apigateway"), stack.id("Api")
    gateway.put_gateway_response(
        restApiId=api,
        responseType="ACCESS_DENIED",
        statusCode="403",
        responseTemplates={"application/json": '{"caller": "$context.authorizer.principalId"}'},
    )
    gateway.create_deployment(restApiId=api, stageName="live")
    answer = stack.call("POST", "/quotes", token(stack), json={"item": "poster-a2", "quantity": 1})
    assert (answer.status, answer.parsed) == (403, {"caller": "$context.authorizer.principalId"})


@pytest.mark.ledger(SLUG, "invoke-permission")
def test_the_permission_to_ask_the_authorizer_is_not_looked_at(stack: Stack) -> None:
    functions, name = stack.client("lambda"), stack.id("AuthorizerFunction")
    functions.remove_permission(FunctionName=name, StatementId=stack.id("AuthorizerPermission"))
    assert json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"] == []
    assert stack.call("GET", "/prices", token(stack)).status == 200


@pytest.mark.ledger(SLUG, "execution-role")
def test_an_authorizer_without_the_right_to_read_the_key_lets_no_one_in(stack: Stack) -> None:
    header = token(stack)
    deny = {"Effect": "Deny", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    stack.client("iam").put_role_policy(
        RoleName=stack.id("AuthorizerRole"),
        PolicyName="no-key",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    assert stack.call("GET", "/prices", header).status == 500
    assert stack.lines("AuthorizerFunction", "AccessDenied")


@pytest.mark.ledger(SLUG, "secret-reference")
def test_the_secrets_physical_id_is_its_name(stack: Stack) -> None:
    variables = stack.client("lambda").get_function_configuration(FunctionName=stack.id("AuthorizerFunction"))
    by_attribute = variables["Environment"]["Variables"]["SIGNING_KEY"]
    assert by_attribute.startswith("arn:aws:secretsmanager:")
    assert not stack.id("SigningKey").startswith("arn:")
    assert stack.id("SigningKey") in by_attribute


def rotate(stack: Stack) -> None:
    stack.client("secretsmanager").put_secret_value(SecretId=stack.id("SigningKey"), SecretString=uuid.uuid4().hex)


@pytest.mark.ledger(SLUG, "key-rotation")
def test_a_rotated_key_reaches_a_warm_authorizer(stack: Stack) -> None:
    old = token(stack)
    assert stack.call("GET", "/prices", old).status == 200
    rotate(stack)
    # A new execution environment of each, so that the five minutes need not pass.
    stack.set_environment("AuthorizerFunction", AGAIN="1")
    stack.set_environment("TokensFunction", AGAIN="1")
    new = token(stack)
    flush(stack)
    assert [stack.call("GET", "/prices", header).status for header in (old, new)] == [200, 200]
    rotate(stack)
    stack.set_environment("AuthorizerFunction", AGAIN="2")
    flush(stack)
    assert [stack.call("GET", "/prices", header).status for header in (old, new)] == [401, 200]


def flush(stack: Stack) -> None:
    stack.client("apigateway").flush_stage_authorizers_cache(restApiId=stack.id("Api"), stageName="live")


def test_each_forgery_that_differs_buys_an_invocation_and_the_same_one_does_not(stack: Stack) -> None:
    header = token(stack)["Authorization"]
    for forgery in ("x", "x", "y", "y"):
        assert stack.call("GET", "/prices", {"Authorization": header + forgery}).status == 403
    assert stack.invocations("AuthorizerFunction") == 2
