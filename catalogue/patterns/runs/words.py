"""How the views of a run say durations, counts and what a handler wrote."""

import json
from collections.abc import Iterable

from catalogue.patterns.runs.document import Log

_MOST_FIELDS = 4
_LONGEST_VALUE = 60
_KNOWN_FIELDS = {"step", "at", "trace"}


def duration(ms: float) -> str:
    """8.4 ms, 312 ms, 2.41 s, as the page's scripts say it (static/js/lab/dom.js)."""
    if ms >= 1000:
        return f"{ms / 1000:.2f} s"
    return f"{ms:.1f} ms" if 0 < ms < 10 else f"{ms:.0f} ms"


def round_duration(ms: float) -> str:
    """A round one, as on a scale: `2 ms`, `1.5 s`."""
    return f"{ms / 1000:g} s" if ms >= 1000 else f"{ms:g} ms"


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def counted(count: int, one: str, many: str = "") -> str:
    """`1 message`, `3 messages`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def joined(parts: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = list(parts) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def middle(values: Iterable[float]) -> float:
    """The median; 0 of nothing."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else 0.0


def said(log: Log) -> str:
    """What a handler's line says: `order.packed (order 17, item mug)`, or its plain text's first line."""
    if log.text is not None:
        first = log.text.strip().partition("\n")[0]
        return first if len(first) <= 200 else first[:199] + "…"
    facts = [
        f"{key} {_value(value)}"
        for key, value in log.fields.items()
        if key not in _KNOWN_FIELDS and not key.startswith("_")
    ]
    shown = facts[:_MOST_FIELDS] + (["…"] if len(facts) > _MOST_FIELDS else [])
    return f"{log.step or 'a line'}{f' ({", ".join(shown)})' if shown else ''}"


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def busiest(spans: Iterable[tuple[float, float]]) -> int:
    """How many of the spans (start, end) overlap at most."""
    edges = sorted(edge for start, end in spans for edge in ((start, 1), (end, -1)))
    # An end sorts before a start of the same moment: one after the other is not both at once.
    now = most = 0
    for _, change in edges:
        now += change
        most = max(most, now)
    return most
