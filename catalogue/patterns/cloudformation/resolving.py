"""A template's document as CloudFormation will read it: parameters, conditions, mappings, SAM's Globals in place. Pure.

What only a deployed stack knows (a Ref to a resource, GetAtt) stays as it is, unless `physical` names it.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SERVERLESS_FUNCTION = "AWS::Serverless::Function"
_SUB = re.compile(r"\$\{(!?)([^${}]+)\}")
_NOTHING = object()
"""A `Ref: AWS::NoValue`: the property that has it is not there."""
_UNKNOWN = object()
_REPLACED = {"Architectures"}
"""A list in a function's own properties that stands for the whole, where SAM adds other lists to those of Globals."""


@dataclass(frozen=True)
class Scope:
    """What names stand for."""

    parameters: Mapping[str, Any]
    conditions: Mapping[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    physical: Mapping[str, str] = field(default_factory=dict)
    """Physical ids of the stack's resources by logical id."""


def scope_of(
    document: Mapping[str, Any], given: Mapping[str, Any] | None = None, physical: Mapping[str, str] | None = None
) -> Scope:
    """Names of this document; parameters have the `given` values, or their defaults."""
    parameters = {
        name: body["Default"]
        for name, body in (document.get("Parameters") or {}).items()
        if isinstance(body, Mapping) and "Default" in body
    }
    return Scope(
        {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", **parameters, **(given or {})},
        document.get("Conditions") or {},
        document.get("Mappings") or {},
        physical or {},
    )


def resolved_resources(document: Mapping[str, Any], scope: Scope) -> dict[str, dict[str, Any]]:
    """The resources that this stack has, with SAM's Globals and all values that are known in their properties."""
    found = {}
    shared = (document.get("Globals") or {}).get("Function") or {}
    for logical, resource in document["Resources"].items():
        if not isinstance(resource, Mapping):
            continue
        condition = resource.get("Condition")
        if isinstance(condition, str) and holds({"Condition": condition}, scope) is False:
            continue
        properties = resource.get("Properties") or {}
        if resource.get("Type") == SERVERLESS_FUNCTION:
            properties = _merged(shared, properties)
        found[logical] = {**resource, "Properties": resolve(properties, scope)}
    return found


def _merged(shared: Any, own: Any, name: str = "") -> Any:
    """Globals under a function's own properties: maps are merged, lists added, anything else is the function's own.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
    """
    if isinstance(shared, Mapping) and isinstance(own, Mapping) and not (_is_intrinsic(shared) or _is_intrinsic(own)):
        both = {key: _merged(shared[key], own[key], key) for key in shared.keys() & own.keys()}
        return {**shared, **own, **both}
    if isinstance(shared, list) and isinstance(own, list) and name not in _REPLACED:
        return [*shared, *own]
    return own


def _is_intrinsic(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref", "Condition"))


def resolve(value: Any, scope: Scope) -> Any:
    """The value with all that is known put in; keys whose value is AWS::NoValue are gone."""
    if isinstance(value, list):
        return [found for found in (_resolve(inner, scope) for inner in value) if found is not _NOTHING]
    found = _resolve(value, scope)
    return None if found is _NOTHING else found


def _resolve(value: Any, scope: Scope) -> Any:
    if isinstance(value, list):
        return resolve(value, scope)
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        (name, argument), *_ = value.items()
        known = _intrinsic(name, argument, scope)
        if known is not _UNKNOWN:
            return known
    inner = {key: _resolve(each, scope) for key, each in value.items()}
    return {key: each for key, each in inner.items() if each is not _NOTHING}


def _intrinsic(name: str, argument: Any, scope: Scope) -> Any:
    """What an intrinsic function gives; _UNKNOWN where only the deployed stack can tell, or where it is none."""
    match name, argument:
        case "Ref", str():
            return _named(argument, scope)
        case "Fn::If", [str() as condition, then, otherwise]:
            truth = holds({"Condition": condition}, scope)
            return _UNKNOWN if truth is None else _resolve(then if truth else otherwise, scope)
        case "Fn::Sub", str():
            return _substituted(argument, {}, scope)
        case "Fn::Sub", [str() as text, Mapping() as own]:
            return _substituted(text, own, scope)
        case "Fn::FindInMap", [*keys] if len(keys) == 3:
            place: Any = scope.mappings
            for key in (_resolve(key, scope) for key in keys):
                place = place.get(key) if isinstance(place, Mapping) and isinstance(key, str) else None
            return _UNKNOWN if place is None else place
        case "Fn::Join", [str() as separator, list() as parts]:
            texts = [_resolve(part, scope) for part in parts]
            whole = all(isinstance(text, (str, int)) for text in texts)
            return separator.join(str(text) for text in texts) if whole else _UNKNOWN
    return _UNKNOWN


def _named(name: str, scope: Scope) -> Any:
    if name == "AWS::NoValue":
        return _NOTHING
    if name in scope.parameters:
        return scope.parameters[name]
    return scope.physical.get(name, _UNKNOWN)


def _substituted(text: str, own: Mapping[str, Any], scope: Scope) -> Any:
    unknown = False

    def put_in(found: re.Match[str]) -> str:
        nonlocal unknown
        if found[1]:
            return f"${{{found[2]}}}"
        value = _resolve(own[found[2]], scope) if found[2] in own else _named(found[2].strip(), scope)
        if not isinstance(value, (str, int)):
            unknown = True
            return found[0]
        return str(value)

    filled = _SUB.sub(put_in, text)
    return _UNKNOWN if unknown else filled


def holds(condition: Any, scope: Scope, depth: int = 0) -> bool | None:
    """Whether a condition holds; None where a part of it is not known."""
    if not isinstance(condition, Mapping) or len(condition) != 1 or depth > 20:
        return None
    (name, argument), *_ = condition.items()
    match name, argument:
        case "Condition", str():
            return holds(scope.conditions.get(argument), scope, depth + 1)
        case "Fn::Not", [inner]:
            truth = holds(inner, scope, depth + 1)
            return None if truth is None else not truth
        case (("Fn::And" | "Fn::Or"), [*parts]):
            truths = [holds(part, scope, depth + 1) for part in parts]
            decisive: bool = name == "Fn::Or"
            if decisive in truths:
                return decisive
            return None if None in truths else not decisive
        case "Fn::Equals", [left, right]:
            first, second = _resolve(left, scope), _resolve(right, scope)
            unknown = isinstance(first, Mapping) or isinstance(second, Mapping)
            return None if unknown else bool(_text(first) == _text(second))
    return None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
