"""Reading nested properties of a resource."""

from collections.abc import Mapping
from typing import Any, Protocol


class _HasProperties(Protocol):
    @property
    def properties(self) -> Mapping[str, Any]: ...


class WithProperties:
    """What a resource has whose `properties` are a mapping."""

    def property(self: _HasProperties, *path: str, default: Any = None) -> Any:
        """The value under `path` of the properties, or `default` where a step of it is missing."""
        value: Any = self.properties
        for part in path:
            if not isinstance(value, Mapping) or part not in value:
                return default
            value = value[part]
        return value
