"""The latest events of one lab, shared by all who watch it; each watcher remembers how far it has read. Pure."""

import itertools
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from catalogue.labs.edge.plain_json import plain
from catalogue.labs.watching.trace import Event

MOST_EVENTS = 3_000
MOST_BYTES = 4 * 1024 * 1024
LONGEST_EVENT = 64 * 1024
"""Bytes of an event's JSON; of a longer one the handler's words are cut."""
_DEEPEST = 16
_MOST_MEMBERS = 200


class Cursor(NamedTuple):
    """How far a watcher has read: the last call's row, and the n-th event of the newest log timestamp."""

    call: int = 0
    log_ms: int = 0
    nth: int = 0

    def __str__(self) -> str:
        return f"{self.call}-{self.log_ms}-{self.nth}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for anything that is no cursor."""
        parts = text.split("-")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 16 for part in parts):
            return None
        return cls(*map(int, parts))


class Overrun(Exception):
    """The watcher has read so slowly that events it has not had are no longer kept."""


@dataclass(frozen=True, slots=True)
class LabEvent:
    """An event with the cursor after it, and its own place among the events of its source."""

    number: int
    cursor: Cursor
    place: Cursor
    kind: str
    data: bytes
    """The event's JSON, made once for all watchers."""

    def after(self, cursor: Cursor) -> bool:
        """Whether a watcher who has read up to `cursor` has not had it yet."""
        if self.place.call:
            return self.place.call > cursor.call
        return self.place[1:] > cursor[1:]


class EventLog:
    """Bounded in events and bytes: the oldest leave first."""

    def __init__(self, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self._kept: deque[LabEvent] = deque()
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._bytes = 0
        self.last = 0
        """Number of the newest event; they count from 1."""

    def add(self, event: Event, cursor: Cursor, place: Cursor) -> None:
        self.last += 1
        told = LabEvent(self.last, cursor, place, event.kind, encoded(event.data))
        self._kept.append(told)
        self._bytes += len(told.data)
        while len(self._kept) > self._most_events or (self._bytes > self._most_bytes and len(self._kept) > 1):
            self._bytes -= len(self._kept.popleft().data)

    def kept(self) -> list[LabEvent]:
        return list(self._kept)

    def since(self, number: int) -> list[LabEvent]:
        """The events after this number, oldest first. Raises Overrun if one of them is no longer kept."""
        if number >= self.last:
            return []
        if self._kept[0].number > number + 1:
            raise Overrun
        fresh = list(itertools.takewhile(lambda told: told.number > number, reversed(self._kept)))
        return fresh[::-1]


def encoded(data: Mapping[str, Any]) -> bytes:
    """An event's data as JSON in UTF-8, one line, at most about LONGEST_EVENT bytes."""
    written = _json(plain(data, _DEEPEST, _MOST_MEMBERS))
    if len(written) <= LONGEST_EVENT:
        return written
    said = data["message"] if "message" in data else _json(plain(data.get("json"), 4)).decode()
    rest = {name: value for name, value in data.items() if name not in ("json", "message")}
    return _json(plain({**rest, "message": f"{str(said)[: LONGEST_EVENT // 8]}… (cut)"}))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
