"""Makes a function fail for some items, as no module expects."""

from collections.abc import Callable
from typing import Any


class BadItem(Exception):
    """What no module expects."""


def failing_for(function: Callable[..., Any], bad: Callable[..., bool]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        if bad(*arguments):
            raise BadItem("nobody thought of this")
        return function(*arguments, **named)

    return call
