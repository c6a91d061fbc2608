"""The run as a sequence diagram, drawn on the server: a lifeline for each part that took part, an arrow for each move.

Bursts are folded into one arrow with a count. Colors come from classes (static/css/components/run/), so that the
picture follows the page's theme; the same rows stand below it in words.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from catalogue.patterns.diagrams.placement.geometry import Point
from catalogue.patterns.diagrams.shapes import HEAD_LENGTH, head, num, text
from catalogue.patterns.diagrams.text import balanced, text_width, wrap
from catalogue.patterns.runs.analysis.graph import Graph
from catalogue.patterns.runs.analysis.moves import Move
from catalogue.patterns.runs.words import duration, middle, times

_SIZE = 12.5
_LINE = 15.0
_TIMES = 62.0
"""Width of the column of times at the left."""
_HEAD = 46.0
_NARROWEST, _WIDEST = 118.0, 208.0
_ROOM = 1240.0
"""What a desk shows without scrolling sideways."""
_VERBS = {"call": "calls", "hand": "hands over to", "answer": "answers"}


@dataclass(frozen=True)
class SequenceRow:
    """Alike moves of a chapter, told as one arrow."""

    at: float
    source: str
    target: str
    kind: str
    label: str
    count: int
    cold: int
    detail: str
    """Durations, and the cold start."""
    bad: bool

    def words(self, graph: Graph) -> str:
        """`Caller calls Order API: POST /orders, 50 times; half within 12 ms, the slowest in 31 ms.`"""
        often = f", {times(self.count)}" if self.count > 1 else ""
        detail = f"; {self.detail}" if self.detail else ""
        who = f"{graph.label(self.source)} {_VERBS[self.kind]} {graph.label(self.target)}"
        return f"{who}: {self.label}{often}{detail}."


@dataclass(frozen=True)
class Part:
    """The rows of one chapter."""

    title: str
    rows: tuple[SequenceRow, ...]


@dataclass(frozen=True)
class Sequence:
    svg: SafeString
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    """The same in words: each chapter's title with its sentences."""
    width: int


def fold(moves: list[Move]) -> tuple[SequenceRow, ...]:
    """One row for the moves of a group, at the time of the first."""
    groups: dict[str, list[Move]] = defaultdict(list)
    for move in moves:
        groups[move.group].append(move)
    # An answer comes after all that led to it, also where a burst's first answer came before its last call.
    begun = [(_exchange(alike[0]), alike[0].at) for alike in groups.values()]

    def when(alike: list[Move]) -> tuple[float, bool]:
        first = alike[0]
        if first.kind != "answer":
            return first.at, False
        return max(at for exchange, at in begun if exchange.startswith(_exchange(first))), True

    return tuple(_row(alike) for alike in sorted(groups.values(), key=when))


def _exchange(move: Move) -> str:
    """What the group's name says after its first word: method, route and status."""
    return move.group.partition(" ")[2]


def _often(alike: list[Move]) -> int:
    """How many there were. Counts that rose say that something was written, and not how many times."""
    return 1 if alike[0].group.startswith("rise ") else len(alike)


def _row(alike: list[Move]) -> SequenceRow:
    first = alike[0]
    cold = [move.init_ms for move in alike if move.init_ms]
    parts = [first.note] if first.note else []
    took = [move.ms for move in alike if move.ms is not None]
    if took and first.kind == "answer" and len(took) > 1:
        parts.append(f"half within {duration(middle(took))}, the slowest in {duration(max(took))}")
    elif took and len(took) > 1 and not (first.kind == "call" and first.group.startswith("call ")):
        parts.append(f"half within {duration(middle(took))}")
    elif took and not first.group.startswith("call "):
        failed = "failed " if first.bad and first.kind != "answer" else ""
        parts.append(f"{failed}after {duration(took[0])}" if first.kind == "answer" or failed else duration(took[0]))
    if cold:
        parts.append(f"cold start {duration(cold[0])}" if len(alike) == 1 else f"{len(cold)} cold")
    return SequenceRow(
        first.at,
        first.source,
        first.target,
        first.kind,
        first.label,
        _often(alike),
        len(cold),
        ", ".join(parts),
        first.bad,
    )


def sequence(parts: list[Part], graph: Graph) -> Sequence:
    """The picture of these chapters; with one chapter its title is not drawn."""
    rows = [row for part in parts for row in part.rows]
    took_part = {end for row in rows for end in (row.source, row.target)}
    columns = [id for id in graph.places if id in took_part]
    columns += sorted(took_part - set(columns))
    words = tuple((part.title, tuple(row.words(graph) for row in part.rows)) for part in parts if part.rows)
    if not columns:
        return Sequence(SafeString(""), (), 0)
    drawing = _Drawing(columns, rows, graph)
    for part in parts:
        if part.rows and len(parts) > 1:
            drawing.band(part.title)
        for row in part.rows:
            drawing.row(row)
    return Sequence(drawing.svg(), words, round(drawing.width))


class _Drawing:
    def __init__(self, columns: list[str], rows: list[SequenceRow], graph: Graph) -> None:
        self.graph = graph
        place = {id: index for index, id in enumerate(columns)}
        wanted = [
            max(_label_width(row) / 2, text_width(row.detail, _SIZE))
            / max(1, abs(place[row.source] - place[row.target]))
            for row in rows
        ]
        fitting = (_ROOM - _TIMES) / len(columns)
        self.gap = max(_NARROWEST, min(_WIDEST, fitting, max(wanted, default=0) + 30))
        self.x = {id: _TIMES + self.gap / 2 + index * self.gap for id, index in place.items()}
        self.width = _TIMES + self.gap * len(columns)
        self.y = _HEAD + 18
        self.body: list[str] = []

    def band(self, title: str) -> None:
        self.y += 14
        self.body.append(
            f'<path class="seq__rule" d="M0 {num(self.y)}H{num(self.width)}"/>'
            f'<text class="seq__chapter" x="0" y="{num(self.y + 18)}">{escape(title)}</text>'
        )
        self.y += 34

    def row(self, row: SequenceRow) -> None:
        start, end = self.x[row.source], self.x[row.target]
        room = max(abs(end - start) - 26, self.gap - 26)
        count = f" × {row.count}" if row.count > 1 else ""
        lines = wrap(f"{row.label}{count}", _SIZE, room, 3)
        details = wrap(row.detail, 11.5, room, 2) if row.detail else []
        above = len(lines) * _LINE
        tip = self.y + above + 7
        center = (start + end) / 2
        way = 1 if end > start else -1
        near, far = start + 4 * way, end - (9 if row.kind != "answer" else 2) * way
        kind = {"call": "sync", "hand": "async", "answer": "answer"}[row.kind]
        stop = far - (HEAD_LENGTH - 1) * way if kind == "sync" else far
        marks = self._bar(row, tip) + (self._cold(row, tip) if row.cold else "")
        classes = f"seq__row seq__row--{kind}{' is-bad' if row.bad else ''}"
        below = tip + 15
        self.body.append(
            f'<g class="{classes}" data-at="{row.at:.1f}">'
            f'<text class="seq__time" x="0" y="{num(tip + 4)}">{duration(row.at)}</text>'
            f"{marks}"
            f'<path class="edge__line" d="M{num(near)} {num(tip)}H{num(stop)}"/>'
            f"{head(Point(far, tip), Point(near, tip), kind)}"
            f"{text('seq__label', lines, center, self.y + 11, _LINE, 'middle')}"
            f"{text('seq__detail', details, center, below, 14, 'middle') if details else ''}</g>"
        )
        self.y = tip + (len(details) * 14 + 14 if details else 16)

    def _bar(self, row: SequenceRow, tip: float) -> str:
        """The target is at work from here: a bar on its lifeline."""
        if row.kind == "answer":
            return ""
        return f'<rect class="seq__bar" x="{num(self.x[row.target] - 5)}" y="{num(tip - 9)}" width="10" height="26"/>'

    def _cold(self, row: SequenceRow, tip: float) -> str:
        """Before the bar, as a piece of its own: the environment had to start."""
        return f'<rect class="seq__cold" x="{num(self.x[row.target] - 5)}" y="{num(tip - 23)}" width="10" height="14"/>'

    def svg(self) -> SafeString:
        bottom = self.y + 6
        again = bottom > 620
        height = round(bottom + (_HEAD + 8 if again else 4))
        lines = "".join(f'<path class="seq__life" d="M{num(x)} {num(_HEAD)}V{num(bottom)}"/>' for x in self.x.values())
        heads = "".join(self._head(id, 0.0) + (self._head(id, bottom) if again else "") for id in self.x)
        names = ", ".join(self.graph.label(id) for id in self.x)
        return mark_safe(  # noqa: S308  every value is escaped where it is written
            f'<svg class="seq" viewBox="0 0 {round(self.width)} {height}" width="{round(self.width)}" '
            f'height="{height}" role="img" aria-label="{escape(f"Sequence diagram of {names}")}">'
            f"<desc>The same content is in words below the diagram.</desc>"
            f"{lines}{''.join(self.body)}{heads}</svg>"
        )

    def _head(self, id: str, y: float) -> str:
        actor = self.graph.role(id) == "actor"
        width = self.gap - 14
        x = self.x[id] - width / 2
        label = self.graph.label(id)
        lines = balanced(label, 13.5, 2) if text_width(label, 13.5) > width - 10 else [label]
        top = y + _HEAD / 2 + 5 - (len(lines) - 1) * 8
        corner = ' rx="14"' if actor else ""
        return (
            f'<g class="seq__head{" seq__head--actor" if actor else ""}" data-life="{escape(id)}">'
            f'<rect x="{num(x)}" y="{num(y + 1)}" width="{num(width)}" height="{num(_HEAD - 2)}"{corner}/>'
            f"{text('seq__name', lines, self.x[id], top, 16, 'middle')}</g>"
        )


def _label_width(row: SequenceRow) -> float:
    count = f" × {row.count}" if row.count > 1 else ""
    return text_width(f"{row.label}{count}", _SIZE)
