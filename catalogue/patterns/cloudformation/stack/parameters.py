"""The values that a stack's parameters have when its author gives none but those that are required."""

from collections.abc import Mapping
from typing import Any


def parameter_values(document: Mapping[str, Any]) -> dict[str, Any]:
    """The default of each parameter. One without a default has its first allowed value, or a text of its own."""
    found = {}
    for name, body in (document.get("Parameters") or {}).items():
        parameter = body if isinstance(body, Mapping) else {}
        found[str(name)] = _value(str(name), parameter)
    return found


def _value(name: str, parameter: Mapping[str, Any]) -> Any:
    kind = str(parameter.get("Type"))
    if kind.startswith("AWS::SSM::Parameter::Value"):
        return f"given-{name}"  # its default is the name of a parameter in the account, not a value
    if "Default" in parameter:
        value = parameter["Default"]
    elif parameter.get("AllowedValues"):
        value = parameter["AllowedValues"][0]
    else:
        value = parameter.get("MinValue", 1) if kind == "Number" else f"given-{name}"
    if kind.startswith(("List<", "CommaDelimitedList")) and isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return value
