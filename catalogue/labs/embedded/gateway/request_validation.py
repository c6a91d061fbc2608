"""Lets the emulator validate bodies as API Gateway does: by content type, and saying what does not fit.

MiniStack holds every content type to the model of `application/json`, knows no `$default`, and leaves
`$context.error.validationErrorString` unreplaced. On AWS a content type without a model is not validated:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
The wording of mistakes is that of the validator whose messages AWS passes on:
https://github.com/java-json-tools/json-schema-validator
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import ValidationError

_VARIABLE = b"$context.error.validationErrorString"


def model_for(models: Mapping[str, str], content_type: str) -> str | None:
    """The name of the model that a body of this content type is held to; None if it is not validated."""
    return models.get(content_type.split(";", 1)[0].strip()) or models.get("$default")


def mistakes(schema: Any, body: bytes) -> str:
    """What is wrong with a body, as `[mistake, mistake]`; empty if nothing can be said."""
    # Few labs validate: the emulator starts without the validator.
    from jsonschema import Draft4Validator
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return "[the body is not JSON]"
    try:
        found = Draft4Validator(schema, registry=Registry()).iter_errors(document)
        said = dict.fromkeys(_worded(error) for error in sorted(found, key=_place))
    except (Unresolvable, TypeError, RecursionError):  # refers to another model, or is no schema
        return ""
    return f"[{', '.join(said)}]"


def _place(error: "ValidationError") -> list[str]:
    return [str(step) for step in error.absolute_path]


def _worded(error: "ValidationError") -> str:
    limit: Any = error.validator_value
    value: Any = error.instance
    schema: Any = error.schema
    match error.validator:
        case "required":
            return f"object has missing required properties ({_json(sorted(set(limit) - set(value)))})"
        case "additionalProperties":
            extra = _json(sorted(set(value) - set(schema.get("properties", {}))))
            return f"object instance has properties which are not allowed by the schema: {extra}"
        case "type":
            allowed = _json(sorted(_types(limit)))
            kind = _type_of(value)
            return f"instance type ({kind}) does not match any allowed primitive type (allowed: {allowed})"
        case "enum":
            return f"instance value ({_json(value)}) not found in enum (possible values: {_json(limit)})"
        case "minimum":
            return f"numeric instance is lower than the required minimum (minimum: {limit}, found: {value})"
        case "maximum":
            return f"numeric instance is greater than the required maximum (maximum: {limit}, found: {value})"
        case "minLength":
            return f"string {_json(value)} is too short (length: {len(value)}, required minimum: {limit})"
        case "maxLength":
            return f"string {_json(value)} is too long (length: {len(value)}, maximum allowed: {limit})"
        case "pattern":
            return f'ECMA 262 regex "{limit}" does not match input string {_json(value)}'
    return str(error.message)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _types(declared: str | list[str]) -> Iterator[str]:
    for name in [declared] if isinstance(declared, str) else declared:
        yield name
        if name == "number":
            yield "integer"


def _type_of(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")


def install() -> None:
    """Patch the imported emulator."""
    from ministack.services import apigateway_v1 as gateway

    check: Callable[..., Any] = gateway._check_request_validation
    render: Callable[..., tuple[int, dict[str, str], bytes]] = gateway._gateway_error_response

    def check_as_aws(
        method: dict[str, Any],
        api_id: str,
        request: dict[str, Any],
        headers: dict[str, Any],
        body: bytes,
        query_params: dict[str, Any],
    ) -> Any:
        content_type = gateway._header_ci(headers, "content-type") or "application/json"
        model = model_for(method.get("requestModels") or {}, content_type)
        models = {content_type.split(";", 1)[0].strip(): model} if model else {}
        error = check({**method, "requestModels": models}, api_id, request, headers, body, query_params)
        if model and getattr(error, "response_type", "") == "BAD_REQUEST_BODY":
            error.validation = mistakes(gateway._model_schema(api_id, model), body or b"")
        return error

    def render_as_aws(error: Any, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        status, headers, content = render(error, request)
        said = json.dumps(getattr(error, "validation", ""))[1:-1]
        return status, headers, content.replace(_VARIABLE, said.encode())

    gateway._check_request_validation = check_as_aws
    gateway._gateway_error_response = render_as_aws
