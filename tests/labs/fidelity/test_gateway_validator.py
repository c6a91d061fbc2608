"""Gateway Validator: what the embedded AWS does, as the rows of its ledger say."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.labs.fidelity.conftest import Stack

SLUG = "gateway-validator"
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


@pytest.mark.ledger(SLUG, "content-type-case")
def test_a_content_type_in_other_letters_has_no_model_and_the_shop_refuses_it(stack: Stack) -> None:
    event = {"specversion": "1.0", "id": "d-1", "source": "/carrier", "type": "example.carrier.parcel.delivered"}
    for label in ("Application/CloudEvents+JSON", "application/json"):
        answer = stack.call("POST", "/deliveries", {"Content-Type": label}, json=event | {"data": {}})
        assert (answer.status, answer.parsed["refused_by"]) == (415, "the function")
    label = "application/cloudevents+json; charset=utf-8"
    assert stack.call("POST", "/deliveries", {"Content-Type": label}, json=event | {"data": {}}).status == 400


@pytest.mark.ledger(SLUG, "pattern-dialect")
def test_a_models_pattern_is_pythons(stack: Stack) -> None:
    """In Python `$` also matches before a line end; in ECMA 262 it does not, unless it is asked to."""
    answer = stack.call("POST", "/orders", json=ORDER | {"sku": "MUG-0042\n"})
    assert (answer.status, answer.parsed["refused_by"]) == (422, "the function")
    assert stack.call("POST", "/orders", json=ORDER | {"sku": "MUG-00422"}).status == 400


@pytest.mark.ledger(SLUG, "array-bounds")
def test_a_models_maxitems_and_exclusive_minimum_are_enforced(stack: Stack) -> None:
    gateway, api = stack.client("apigateway"), stack.id("Api")
    schema = {
        "type": "object",
        "properties": {
            "list": {"type": "array", "maxItems": 1},
            "price": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        },
    }
    gateway.create_model(restApiId=api, name="Bounds", contentType="application/json", schema=json.dumps(schema))
    gateway.update_method(
        restApiId=api,
        resourceId=stack.id("OrdersResource"),
        httpMethod="POST",
        patchOperations=[{"op": "replace", "path": "/requestModels/application~1json", "value": "Bounds"}],
    )
    for unfit in ({"list": [1, 2]}, {"price": 0}):
        assert stack.call("POST", "/orders", json=unfit).status == 400
