"""What a resource of a lab holds, as a visitor may look at it: a bounded number of bounded texts."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

MOST_ENTRIES = 20
MOST_CHARACTERS = 2_000


class Entry(NamedTuple):
    """One message, item, object, route or policy."""

    title: str
    text: str = ""
    facts: tuple[str, ...] = ()
    """Short phrases beside the title: `received 3 times`."""


class Contents(NamedTuple):
    """What is in a resource at one moment."""

    kind: str
    """The plural of what the entries are: `Messages`."""
    entries: tuple[Entry, ...]
    more: bool = False
    """Whether there are others that are not shown."""
    note: str = ""
    """How this was read, or why it cannot be."""


def bounded(kind: str, entries: Iterable[Entry], note: str = "", *, more: bool = False) -> Contents:
    """The first entries, each cut to MOST_CHARACTERS."""
    found = list(entries)
    kept = tuple(Entry(_cut(entry.title), _cut(entry.text), entry.facts) for entry in found[:MOST_ENTRIES])
    return Contents(kind, kept, more or len(found) > MOST_ENTRIES, note)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]} …"


def in_json(value: Any) -> str:
    """A value as JSON for a reader: indented, not escaped, with DynamoDB's numbers, sets and binaries written out."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Mapping):
        return dict(value)
    return base64.b64encode(bytes(getattr(value, "value", value))).decode()  # boto3's Binary, or bytes


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def times(count: int, verb: str) -> str:
    """`received once`, `received 3 times`."""
    return f"{verb} once" if count == 1 else f"{verb} {count} times"
