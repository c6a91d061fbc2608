"""A template's document is read as CloudFormation reads it."""

from typing import Any

import pytest

from catalogue.patterns.cloudformation.resolving import holds, resolve, resolved_resources, scope_of

DOCUMENT: dict[str, Any] = {
    "Parameters": {"Name": {"Default": "orders"}, "Stage": {"Type": "String"}, "Count": {"Default": 0}},
    "Conditions": {
        "IsLive": {"Fn::Equals": [{"Ref": "Stage"}, "live"]},
        "Never": {"Fn::And": [{"Condition": "IsLive"}, {"Fn::Not": [{"Condition": "IsLive"}]}]},
    },
    "Mappings": {"Sizes": {"live": {"Memory": 512}}},
    "Globals": {
        "Function": {"Timeout": 5, "Environment": {"Variables": {"A": "1", "B": "1"}}, "Layers": ["one"]},
    },
    "Resources": {
        "Web": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"Environment": {"Variables": {"B": "2"}}, "Layers": ["two"], "Timeout": 9},
        },
        "Gone": {"Type": "AWS::SQS::Queue", "Condition": "Never"},
    },
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Name"}, "orders"),
        ({"Ref": "Count"}, 0),
        ({"Ref": "Web"}, "stack-Web"),
        ({"Ref": "Other"}, {"Ref": "Other"}),
        ({"Fn::Sub": "${Name}-${Stage}-${!Kept}"}, "orders-live-${Kept}"),
        ({"Fn::Sub": ["${X}/${Name}", {"X": {"Ref": "Stage"}}]}, "live/orders"),
        ({"Fn::Sub": "${Web.Arn}"}, {"Fn::Sub": "${Web.Arn}"}),
        ({"Fn::If": ["IsLive", "yes", {"Ref": "AWS::NoValue"}]}, "yes"),
        ({"a": {"Fn::If": ["Never", 1, {"Ref": "AWS::NoValue"}]}, "b": 2}, {"b": 2}),
        ({"Fn::If": ["Never", 1, {"Ref": "AWS::NoValue"}]}, None),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "Memory"]}, 512),
        ({"Fn::Join": ["-", ["a", {"Ref": "Name"}]]}, "a-orders"),
        ([{"Ref": "AWS::NoValue"}, "x"], ["x"]),
    ],
)
def test_what_is_known_is_put_in_and_the_rest_stays(value: Any, expected: Any) -> None:
    assert resolve(value, scope_of(DOCUMENT, {"Stage": "live"}, {"Web": "stack-Web"})) == expected


def test_a_condition_on_what_is_not_given_is_unknown() -> None:
    assert holds({"Condition": "IsLive"}, scope_of(DOCUMENT)) is None
    assert holds({"Fn::Or": [{"Condition": "IsLive"}, {"Fn::Equals": [1, "1"]}]}, scope_of(DOCUMENT)) is True
    circular = {"Conditions": {"A": {"Condition": "A"}}}
    assert holds({"Condition": "A"}, scope_of(circular)) is None


def test_globals_are_merged_as_sam_does_and_what_a_condition_leaves_out_is_not_there() -> None:
    resources = resolved_resources(DOCUMENT, scope_of(DOCUMENT, {"Stage": "live"}))
    assert resources.keys() == {"Web"}
    assert resources["Web"]["Properties"] == {
        "Timeout": 9,
        "Environment": {"Variables": {"A": "1", "B": "2"}},
        "Layers": ["one", "two"],
    }
