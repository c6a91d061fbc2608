"""Intrinsic functions with the values they have in a deployed stack. Pure.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_SUB = re.compile(r"\$\{(!?)\s*([\w:.-]+)\s*\}")
_NOTHING = object()
"""A `Ref: AWS::NoValue`: the property that has it is not there."""
_DEPTH = 60

PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Region": "us-east-1",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "stack",
    "AWS::StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/stack/0",
    "AWS::NotificationARNs": [],
    "AWS::NoValue": _NOTHING,
}


@dataclass(frozen=True)
class Evaluator:
    parameters: Mapping[str, Any]
    conditions: Mapping[str, Any]
    mappings: Mapping[str, Any]
    ref: Callable[[str], Any]
    """What a Ref to a resource gives."""
    attribute: Callable[[str, str], Any]
    """What a GetAtt gives: of a logical id, and an attribute."""
    _truths: dict[str, bool] = field(default_factory=dict, repr=False)

    def value(self, value: Any, depth: int = 0) -> Any:
        """The value without intrinsics; keys and items whose value is AWS::NoValue are gone."""
        found = self._value(value, depth)
        return None if found is _NOTHING else found

    def holds(self, name: str, depth: int = 0) -> bool:
        """Whether the named condition holds. One that is not in the template does not."""
        if name not in self._truths:
            self._truths[name] = False  # a condition that needs itself
            self._truths[name] = self._truth(self.conditions.get(name), depth + 1)
        return self._truths[name]

    def _truth(self, condition: Any, depth: int) -> bool:
        if not isinstance(condition, Mapping) or len(condition) != 1 or depth > _DEPTH:
            return False
        (name, argument), *_ = condition.items()
        match name, argument:
            case "Condition", str():
                return self.holds(argument, depth)
            case "Fn::Not", [inner]:
                return not self._truth(inner, depth + 1)
            case "Fn::And", [*parts]:
                return all(self._truth(part, depth + 1) for part in parts)
            case "Fn::Or", [*parts]:
                return any(self._truth(part, depth + 1) for part in parts)
            case "Fn::Equals", [left, right]:
                return text_of(self.value(left, depth + 1)) == text_of(self.value(right, depth + 1))
        return False

    def _value(self, value: Any, depth: int) -> Any:
        if depth > _DEPTH:
            return "too-deep"
        if isinstance(value, list):
            return [found for found in (self._value(inner, depth + 1) for inner in value) if found is not _NOTHING]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            if isinstance(name, str) and (name == "Ref" or name.startswith("Fn::")):
                return self._intrinsic(name, argument, depth + 1)
        inner = {key: self._value(each, depth + 1) for key, each in value.items()}
        return {key: each for key, each in inner.items() if each is not _NOTHING}

    def _intrinsic(self, name: str, argument: Any, depth: int) -> Any:
        match name, argument:
            case "Ref", str():
                return self._named(argument)
            case "Fn::GetAtt", str():
                return self.attribute(*_two(argument))
            case "Fn::GetAtt", [str() as id, attribute]:
                return self.attribute(id, text_of(self.value(attribute, depth)))
            case "Fn::If", [str() as condition, then, otherwise]:
                return self._value(then if self.holds(condition) else otherwise, depth)
            case "Fn::Sub", str():
                return self._substituted(argument, {}, depth)
            case "Fn::Sub", [str() as text, Mapping() as own]:
                return self._substituted(text, own, depth)
            case "Fn::Sub", [str() as text]:
                return self._substituted(text, {}, depth)
            case "Fn::Join", [separator, parts]:
                found = self.value(parts, depth)
                return str(separator).join(text_of(part) for part in found) if isinstance(found, list) else str(found)
            case "Fn::Split", [separator, text]:
                return text_of(self.value(text, depth)).split(text_of(self.value(separator, depth)))
            case "Fn::Select", [index, choices]:
                return self._selected(self.value(index, depth), self.value(choices, depth))
            case "Fn::FindInMap", [*keys] if len(keys) >= 3:
                place: Any = self.mappings
                for key in (text_of(self.value(key, depth)) for key in keys[:3]):
                    place = place.get(key) if isinstance(place, Mapping) else None
                return "not-in-map" if place is None else place
            case "Fn::Base64", _:
                return self._value(argument, depth)
            case "Fn::ImportValue", _:
                return f"imported-{text_of(self.value(argument, depth))}"  # of another stack
            case "Fn::GetAZs", _:
                return [f"{PSEUDO['AWS::Region']}{letter}" for letter in "abc"]
            case "Fn::ToJsonString", _:
                return json.dumps(self.value(argument, depth))
        return f"unknown-{name.removeprefix('Fn::')}"

    def _named(self, name: str) -> Any:
        if name in PSEUDO:
            return PSEUDO[name]
        return self.parameters[name] if name in self.parameters else self.ref(name)

    def _selected(self, index: Any, choices: Any) -> Any:
        try:
            return choices[int(index)]
        except (IndexError, TypeError, ValueError, KeyError):
            return "not-in-list"

    def _substituted(self, text: str, own: Mapping[str, Any], depth: int) -> str:
        def put_in(found: re.Match[str]) -> str:
            name = found[2]
            if found[1]:
                return f"${{{name}}}"
            if name in own:
                return text_of(self.value(own[name], depth))
            if "." in name:
                return text_of(self.attribute(*_two(name)))
            return text_of(self._named(name))

        return _SUB.sub(put_in, text)


def with_pseudo(value: Any) -> Any:
    """The value with the pseudo parameters in its texts put in, as in an OpenAPI document from a file."""
    if isinstance(value, str):
        return _SUB.sub(lambda found: text_of(PSEUDO[found[2]]) if found[2] in PSEUDO else found[0], value)
    if isinstance(value, Mapping):
        return {key: with_pseudo(inner) for key, inner in value.items()}
    return [with_pseudo(inner) for inner in value] if isinstance(value, list) else value


def _two(name: str) -> tuple[str, str]:
    id, _, attribute = name.partition(".")
    return id, attribute


def text_of(value: Any) -> str:
    """As CloudFormation writes a value into text: `true`, `3`, `a,b`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(text_of(item) for item in value)
    return "" if value is None or value is _NOTHING else str(value)


def is_true(value: Any) -> bool:
    """Whether a property is on: CloudFormation takes `true` and "true"."""
    return text_of(value).lower() == "true"
