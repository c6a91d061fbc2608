"""Words of POSIX shell commands, in which a demo's `{{name}}` is a shell expression.

Quoting follows POSIX.1-2024, Shell Command Language, 2.2.
"""

import re
import shlex
from typing import Protocol

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}")
# A small Linux system has no uuidgen; its kernel makes UUIDs all the same.
_MADE_ON_THE_SPOT = {"uuid": "$(uuidgen || cat /proc/sys/kernel/random/uuid)", "now": "$(date +%s)"}


def variable(name: str) -> str:
    """The shell variable that holds a saved value: `order-id` is kept in `order_id`."""
    return name.replace("-", "_")


def expression(name: str, *, braces: bool = False) -> str:
    """The value's shell expression, bare; braces keep what follows it apart from the name."""
    if name in _MADE_ON_THE_SPOT:
        return _MADE_ON_THE_SPOT[name]
    return f"${{{variable(name)}}}" if braces else f"${variable(name)}"


def word(text: str) -> str:
    """One word of a command: literal text quoted, each `{{name}}` a shell expression in double quotes."""
    if not PLACEHOLDER.search(text):
        return shlex.quote(text)
    literals_and_names = PLACEHOLDER.split(text)
    return "".join(
        f'"{expression(part)}"' if index % 2 else shlex.quote(part) if part else ""
        for index, part in enumerate(literals_and_names)
    )


class _OfResource(Protocol):
    @property
    def resource(self) -> str: ...


def resource(operation: _OfResource) -> str:
    """A word for the physical id of an operation's resource: `resource` is a function of the reader's shell."""
    return f'"$(resource {operation.resource})"'
