"""The operations of an API's OpenAPI body, with API Gateway's extensions.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.patterns.cloudformation.stack.evaluation import with_pseudo

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method")


@dataclass(frozen=True)
class Operation:
    method: str
    """In capitals; ANY for all."""
    path: str
    integration: Mapping[str, Any]
    authorizers: tuple[Mapping[str, Any], ...]
    """The security schemes that a request must satisfy."""


def operations(body: Any) -> Iterator[Operation]:
    """Every operation that has an integration."""
    if not isinstance(body, Mapping) or not isinstance(body.get("paths"), Mapping):
        return
    schemes = _schemes(body)
    for path, methods in body["paths"].items():
        for method, operation in methods.items() if isinstance(methods, Mapping) else ():
            integration = _found(operation, "x-amazon-apigateway-integration")
            if str(method).lower() in _METHODS and isinstance(integration, Mapping):
                name = "ANY" if str(method).startswith("x-") else str(method).upper()
                needed = operation.get("security", body.get("security")) or []
                yield Operation(name, str(path), with_pseudo(integration), tuple(_needed(needed, schemes)))


def schemes(body: Any) -> dict[str, Mapping[str, Any]]:
    """All security schemes of a body by name."""
    return _schemes(body) if isinstance(body, Mapping) else {}


def _schemes(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    components = body.get("components")
    found: list[Any] = [
        body.get("securityDefinitions"),
        components.get("securitySchemes") if isinstance(components, Mapping) else {},
    ]
    return {
        str(name): scheme
        for several in found
        if isinstance(several, Mapping)
        for name, scheme in several.items()
        if isinstance(scheme, Mapping)
    }


def _needed(needed: Any, schemes: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for names in needed if isinstance(needed, list) else []:
        yield from (schemes[str(name)] for name in names if str(name) in schemes)


def _found(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None
