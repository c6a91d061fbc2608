"""Body validation as on AWS: which model a content type is held to, and what a refusal says."""

import json
from typing import Any

import pytest

from catalogue.labs.embedded.gateway.request_validation import mistakes, model_for

ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["sku", "quantity", "email"],
    "additionalProperties": False,
    "properties": {
        "sku": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 100},
        "email": {"type": "string", "minLength": 3, "maxLength": 5},
        "color": {"enum": ["blue", "grey"]},
        "weight": {"type": "number"},
    },
}
GOOD = {"sku": "MUG", "quantity": 2, "email": "a@b"}


def said(**changes: Any) -> str:
    return mistakes(ORDER, json.dumps({**GOOD, **changes}).encode())


class TestModelFor:
    def test_a_content_type_has_its_own_model_whatever_its_parameters(self) -> None:
        models = {"application/json": "Order", "$default": "Strict"}
        assert model_for(models, "application/json; charset=utf-8") == "Order"

    def test_other_content_types_are_held_to_the_default(self) -> None:
        assert model_for({"application/json": "Order", "$default": "Strict"}, "text/plain") == "Strict"

    def test_without_a_default_they_are_not_validated(self) -> None:
        assert model_for({"application/json": "Order"}, "text/plain") is None


class TestMistakes:
    def test_all_missing_properties_are_named_at_once(self) -> None:
        found = mistakes(ORDER, b'{"sku": "MUG"}')
        assert found == '[object has missing required properties (["email","quantity"])]'

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            (
                {"quantity": "two"},
                'instance type (string) does not match any allowed primitive type (allowed: ["integer"])',
            ),
            (
                {"weight": {}},
                'instance type (object) does not match any allowed primitive type (allowed: ["integer","number"])',
            ),
            (
                {"quantity": 0},
                "numeric instance is lower than the required minimum (minimum: 1, found: 0)",
            ),
            (
                {"quantity": 101},
                "numeric instance is greater than the required maximum (maximum: 100, found: 101)",
            ),
            ({"sku": "mug"}, 'ECMA 262 regex "^[A-Z]{3}$" does not match input string "mug"'),
            ({"email": ""}, 'string "" is too short (length: 0, required minimum: 3)'),
            ({"email": "ab@cde"}, 'string "ab@cde" is too long (length: 6, maximum allowed: 5)'),
            ({"color": 7}, 'instance value (7) not found in enum (possible values: ["blue","grey"])'),
            ({"gift": 1}, 'object instance has properties which are not allowed by the schema: ["gift"]'),
        ],
    )
    def test_each_kind_is_reported_in_the_validators_words(self, changes: dict[str, Any], sentence: str) -> None:
        assert said(**changes) == f"[{sentence}]"

    def test_several_stand_in_one_list(self) -> None:
        assert said(quantity=0, sku="mug").count("numeric instance") == 1
        assert "ECMA 262" in said(quantity=0, sku="mug")

    @pytest.mark.parametrize("body", [b"{", b"[" * 100_000], ids=["cut off", "nested too deeply"])
    def test_a_body_that_cannot_be_read_as_json_is_reported_so(self, body: bytes) -> None:
        assert mistakes(ORDER, body) == "[the body is not JSON]"

    def test_a_reference_to_elsewhere_is_not_followed(self) -> None:
        assert mistakes({"$ref": "https://apigateway.amazonaws.com/restapis/x/models/Y"}, b"{}") == ""
