"""The shapes that a diagram's layout is made of. Units are those of the SVG; y grows downwards."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple


class Point(NamedTuple):
    x: float
    y: float


class Rect(NamedTuple):
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def center(self) -> Point:
        return Point(self.x + self.width / 2, self.y + self.height / 2)

    def grown(self, by: float) -> Rect:
        return Rect(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def overlap(self, other: Rect) -> float:
        """The area that both cover."""
        across = min(self.right, other.right) - max(self.x, other.x)
        down = min(self.bottom, other.bottom) - max(self.y, other.y)
        return across * down if across > 0 and down > 0 else 0.0

    def contains(self, point: Point) -> bool:
        return self.x < point.x < self.right and self.y < point.y < self.bottom


class Segment(NamedTuple):
    """A level or an upright piece of a route."""

    start: Point
    end: Point

    @property
    def level(self) -> bool:
        return self.start.y == self.end.y

    @property
    def length(self) -> float:
        return abs(self.start.x - self.end.x) + abs(self.start.y - self.end.y)

    @property
    def middle(self) -> Point:
        return Point((self.start.x + self.end.x) / 2, (self.start.y + self.end.y) / 2)

    def rect(self, thickness: float = 1.0) -> Rect:
        x, y = min(self.start.x, self.end.x), min(self.start.y, self.end.y)
        across, down = abs(self.start.x - self.end.x), abs(self.start.y - self.end.y)
        return Rect(x, y, across, down).grown(thickness / 2)


def segments(points: tuple[Point, ...]) -> list[Segment]:
    return [Segment(start, end) for start, end in pairwise(points)]


@dataclass(frozen=True)
class Wish:
    """An edge to be drawn: what stands beside it decides how much room it needs."""

    key: str
    """`Source>Target`."""
    source: str
    target: str
    kind: str
    label: tuple[str, ...] = ()
    """Its lines."""
    label_width: float = 0.0
    line_height: float = 14.0
    marker: str = ""
    """The flow's numbers, shown in a disc on the edge."""
    marker_width: float = 0.0

    @property
    def label_height(self) -> float:
        return len(self.label) * self.line_height


@dataclass(frozen=True)
class Drawn:
    """An edge with its place in the picture."""

    wish: Wish
    points: tuple[Point, ...]
    marker: Rect | None = None
    label: Rect | None = None
    label_anchor: str = "middle"
