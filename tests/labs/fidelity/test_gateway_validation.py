"""Gateway Validation: what the embedded AWS does, as the pattern's ledger tells it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.labs.fidelity.conftest import Stack

SLUG = "gateway-validation"
ORDER: dict[str, Any] = {"sku": "MUG-0042", "quantity": 2, "email": "ada@example.com"}
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


@pytest.mark.ledger(SLUG, "error-text")
def test_the_detail_names_every_mistake(stack: Stack) -> None:
    refused = stack.call("POST", "/orders", json={"sku": "MUG-0042", "quantity": 0})
    assert refused.status == 400
    assert refused.parsed["detail"] == (
        '[object has missing required properties (["email"]), '
        "numeric instance is lower than the required minimum (minimum: 1, found: 0)]"
    )


@pytest.mark.ledger(SLUG, "blank-parameter")
@pytest.mark.parametrize("sku", ["", "%20"])
def test_a_blank_parameter_passes_for_one_that_is_there(stack: Stack, sku: str) -> None:
    answer = stack.call("GET", f"/quotes?sku={sku}&quantity=2")
    assert (answer.status, answer.parsed["refused_by"]) == (422, "the function")


@pytest.mark.ledger(SLUG, "schema-keywords")
def test_a_model_may_hold_keywords_that_draft_4_has_not(stack: Stack) -> None:
    schema = {"type": "object", "properties": {"size": {"const": 1}}, "if": {}, "anyOf": [{}]}
    made = stack.client("apigateway").create_model(
        restApiId=stack.id("Api"), name="Modern", contentType="application/json", schema=json.dumps(schema)
    )
    assert made["name"] == "Modern"


@pytest.mark.ledger(SLUG, "deployed-snapshot")
def test_a_change_is_served_before_it_is_deployed(stack: Stack) -> None:
    gateway, api = stack.client("apigateway"), stack.id("Api")
    (validator,) = gateway.get_request_validators(restApiId=api)["items"]
    unfit = {**ORDER, "quantity": 1000}
    before = stack.call("POST", "/orders", json=unfit)
    gateway.update_request_validator(
        restApiId=api,
        requestValidatorId=validator["id"],
        patchOperations=[{"op": "replace", "path": "/validateRequestBody", "value": "false"}],
    )
    after = stack.call("POST", "/orders", json=unfit)
    assert (before.status, after.status) == (400, 201)
