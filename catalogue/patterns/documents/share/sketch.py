"""The diagram drawn in pixels, for share images and mails: named boxes and arrows, laid out like the page's own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.diagrams.picture import Box, Picture
from catalogue.patterns.diagrams.placement.geometry import Drawn, Rect, Wish
from catalogue.patterns.diagrams.placement.layout import Layout, Place, Sizes, lay_out
from catalogue.patterns.diagrams.text import balanced, text_width

if TYPE_CHECKING:
    from catalogue.patterns.documents.share.image import Canvas

_INK, _PAPER, _ALIVE = "#14202a", "#fdfefe", "#b5176e"
_ROOMY = Sizes(box_width=150, box_height=58, column_gap=58, row_gap=26, padding=3)
_FLAT = Sizes(box_width=156, box_height=32, column_gap=50, row_gap=20, padding=3)
"""For pictures of many rows, which would otherwise shrink until no one can read them."""
_UPRIGHT = {1: (220.0, 60.0), 2: (150.0, 36.0)}
"""Width of a box and of the gap beside it, by how many stand side by side."""
_LARGEST = 1.35
_LARGEST_UPRIGHT = 2.2
_TEXT = 16.0
_HEAD = 11.0


def draw_sketch(canvas: Canvas, pattern: Pattern, area: tuple[float, float, float, float]) -> None:
    """Fit the pattern's diagram into `area` (left, top, right, bottom), in the middle."""
    picture = Picture.of(pattern)
    sizes = _ROOMY if len({box.row for box in picture.boxes}) < 3 else _FLAT
    layout = lay_out([Place(box.id, box.column, box.row) for box in picture.boxes], _wishes(picture), sizes)
    left, top, right, bottom = area
    scale = min((right - left) / layout.width, (bottom - top) / layout.height, _LARGEST)
    x = left + (right - left - layout.width * scale) / 2
    y = top + (bottom - top - layout.height * scale) / 2
    _draw(_Pen(canvas, x, y, scale, 2 if sizes is _ROOMY else 1), picture, layout)


@dataclass(frozen=True)
class Upright:
    """The diagram from top to bottom, as large as a width allows: its labels can be read on a phone."""

    picture: Picture
    layout: Layout
    scale: float

    @classmethod
    def of(cls, pattern: Pattern, width: float) -> Upright:
        picture = Picture.of(pattern)
        box_width, gap = _UPRIGHT.get(len({box.row for box in picture.boxes}), (112.0, 22.0))
        sizes = Sizes(box_width=box_width, box_height=58, column_gap=gap, row_gap=34, padding=3, may_widen=False)
        layout = lay_out([Place(box.id, box.row, box.column) for box in picture.boxes], _wishes(picture), sizes)
        return cls(picture, layout, min(width / layout.width, _LARGEST_UPRIGHT))

    @property
    def height(self) -> float:
        return self.layout.height * self.scale

    def draw(self, canvas: Canvas, middle: float, top: float) -> None:
        x = middle - self.layout.width * self.scale / 2
        _draw(_Pen(canvas, x, top, self.scale, 2), self.picture, self.layout)


def _draw(pen: _Pen, picture: Picture, layout: Layout) -> None:
    for edge in layout.edges.values():
        pen.edge(edge)
    for box in picture.boxes:
        pen.box(box, layout.boxes[box.id])


def _wishes(picture: Picture) -> list[Wish]:
    return [Wish(edge.key, edge.source, edge.target, edge.kind) for edge in picture.edges]


class _Pen:
    def __init__(self, canvas: Canvas, x: float, y: float, scale: float, most_lines: int) -> None:
        self.canvas, self.x, self.y, self.scale = canvas, x, y, scale
        self.most_lines = most_lines

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.x + x * self.scale, self.y + y * self.scale

    def box(self, box: Box, place: Rect) -> None:
        area = (*self.at(place.x, place.y), *self.at(place.right, place.bottom))
        self.canvas.box(area, fill=_PAPER, outline=_ALIVE if box.actor else _INK, width=2)
        one_line = self.most_lines == 1 or text_width(box.label, _TEXT) < place.width - 14
        lines = [box.label] if one_line else balanced(box.label, _TEXT, 2)
        widest = max(text_width(line, _TEXT) for line in lines)
        size = min(_TEXT, _TEXT * (place.width - 8) / widest) * self.scale
        for number, line in enumerate(lines):
            x, y = self.at(place.center.x, place.center.y)
            y += (number - (len(lines) - 1) / 2) * size * 1.15
            self.canvas.text((x, y), line, "archivo-label", size, _ALIVE if box.actor else _INK, "mm")

    def edge(self, edge: Drawn) -> None:
        points = [self.at(*point) for point in edge.points]
        (bx, by), (tx, ty) = points[-2:]
        angle = math.atan2(ty - by, tx - bx)
        head = _HEAD * min(self.scale, 1.1)
        base = (tx - head * math.cos(angle), ty - head * math.sin(angle))
        wings = [
            (
                base[0] + side * head * 0.5 * math.sin(angle),
                base[1] - side * head * 0.5 * math.cos(angle),
            )
            for side in (1, -1)
        ]
        if edge.wish.kind == "async":
            self._dashed(points)
            self.canvas.line([wings[0], (tx, ty), wings[1]], _INK, 2)
        else:
            self.canvas.line([*points[:-1], base], _INK, 2)
            self.canvas.polygon([(tx, ty), *wings], _INK)

    def _dashed(self, points: list[tuple[float, float]], dash: float = 8, gap: float = 6) -> None:
        for (x, y), (to_x, to_y) in pairwise(points):
            length = math.hypot(to_x - x, to_y - y)
            place = 0.0
            while place < length:
                end = min(place + dash, length)
                start_at, end_at = (
                    (x + (to_x - x) * part / length, y + (to_y - y) * part / length) for part in (place, end)
                )
                self.canvas.line([start_at, end_at], _INK, 2)
                place = end + gap
