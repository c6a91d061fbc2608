"""Reads resources as the emulator deployed them, to put back what it dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # see `model`
    from catalogue.labs.services.model import Properties, Template
    from catalogue.labs.targets.base import Resources


def of_type(template: Template, *types: str) -> Iterator[tuple[str, Properties]]:
    """Logical ids and properties."""
    for logical, resource in template["Resources"].items():
        if resource["Type"] in types:
            yield logical, resource.get("Properties") or {}


def number(logical: str, properties: Mapping[str, Any], name: str) -> int | None:
    """A property's number, which a parameter holds as text; None where it is not there. Raises ValueError."""
    value = properties.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not str(value).strip().isdecimal():
        raise ValueError(f"{logical}: {name} is {value!r}, which is not a whole number.")
    return int(str(value))


def truth(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def physical(value: Any, resources: Resources) -> str:
    """The physical id that a literal or a Ref stands for."""
    if isinstance(value, Mapping) and value.get("Ref") in resources:
        return resources[value["Ref"]].id
    if isinstance(value, str):
        return value
    raise ValueError(f"Neither a Ref to a resource of the stack nor a text: {value!r}")
