"""JSON that every database, browser and encoder takes, whatever a handler or a visitor has said. Pure."""

import json
import math
from collections.abc import Mapping
from typing import Any

_LARGEST_INTEGER = 2**63
"""A larger one is a text: it is no float, and a browser would round it."""


def plain(value: Any, deepest: int = 8, most_members: int = 40) -> Any:
    """Finite numbers, texts without null characters and halves of surrogate pairs, neither deep nor broad."""
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < _LARGEST_INTEGER else plain_text(json.dumps(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        if deepest <= 0:
            return "{…}"
        members = list(value.items())[:most_members]
        return {plain_text(str(name)): plain(inner, deepest - 1, most_members) for name, inner in members}
    if isinstance(value, (list, tuple)):
        return "[…]" if deepest <= 0 else [plain(inner, deepest - 1, most_members) for inner in value[:most_members]]
    return plain_text(str(value))


def plain_text(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
