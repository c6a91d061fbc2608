"""Values that steps save and visitors send: which of them may be filled into requests and expectations. Pure."""

import json
import math
from collections.abc import Mapping
from typing import Any

LONGEST_NAME = 64
LONGEST_TEXT = 4_000
"""Characters of one value, as a text."""
MOST_SENT = 50
_DEEPEST = 16


class BadValue(ValueError):
    """The value cannot be used; the message says why and is fit for a visitor."""


def require_sent(given: Any) -> dict[str, Any]:
    """`saved` as a visitor's request has it: names with texts, numbers and booleans. Raises BadValue."""
    if given is None or given == "":
        return {}
    if not isinstance(given, Mapping) or len(given) > MOST_SENT:
        raise BadValue(f"`saved` must be an object with at most {MOST_SENT} names.")
    for name, value in given.items():
        if not isinstance(name, str) or not name.isidentifier() or len(name) > LONGEST_NAME:
            raise BadValue(f"A name in `saved` must consist of at most {LONGEST_NAME} letters, digits and underscores.")
        if not isinstance(value, (str, int, float)):
            raise BadValue("The values in `saved` must be strings, numbers, true or false.")
        require_usable(value)
    return dict(given)


def require_usable(value: Any) -> None:
    """Raises BadValue for JSON that no request, pattern or database column can hold."""
    _require_plain(value, 0)
    if len(value if isinstance(value, str) else json.dumps(value)) > LONGEST_TEXT:
        raise BadValue(f"A value can have at most {LONGEST_TEXT:,} characters.")


def _require_plain(value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise BadValue(f"A value can be nested at most {_DEEPEST} levels deep.")
    if isinstance(value, str):
        # Postgres keeps neither in JSON, and a lone surrogate has no bytes in UTF-8.
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise BadValue("A string must not contain a null character or half of a surrogate pair.")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise BadValue("A number must be finite.")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            _require_plain(name, depth + 1)
            _require_plain(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _require_plain(inner, depth + 1)
