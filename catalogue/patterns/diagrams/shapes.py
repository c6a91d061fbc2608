"""The SVG of single shapes: rounded routes, arrowheads, glyphs and lines of text."""

from __future__ import annotations

from django.utils.html import escape

from catalogue.patterns.diagrams.glyphs import glyph_shapes
from catalogue.patterns.diagrams.placement.geometry import Point

_RADIUS = 9.0
HEAD_LENGTH, HEAD_HALF = 10.0, 5.0


def path(points: tuple[Point, ...], kind: str) -> str:
    """The route with its corners rounded; a filled arrowhead covers the end of a solid line."""
    last = towards(points[-1], points[-2], HEAD_LENGTH - 1 if kind == "sync" else 1)
    corners = (*points[:-1], last)
    path = f"M{num(corners[0].x)} {num(corners[0].y)}"
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        radius = min(_RADIUS, distance(before, corner) / 2, distance(corner, after) / 2)
        enter, leave = towards(corner, before, radius), towards(corner, after, radius)
        path += f"L{num(enter.x)} {num(enter.y)}Q{num(corner.x)} {num(corner.y)} {num(leave.x)} {num(leave.y)}"
    return f"{path}L{num(last.x)} {num(last.y)}"


def head(tip: Point, before: Point, kind: str) -> str:
    base = towards(tip, before, HEAD_LENGTH)
    across = (tip.y - base.y) / HEAD_LENGTH * HEAD_HALF, (base.x - tip.x) / HEAD_LENGTH * HEAD_HALF
    one, two = Point(base.x + across[0], base.y + across[1]), Point(base.x - across[0], base.y - across[1])
    closed = "z" if kind == "sync" else ""
    return (
        f'<path class="edge__head" d="M{num(one.x)} {num(one.y)}L{num(tip.x)} {num(tip.y)}'
        f'L{num(two.x)} {num(two.y)}{closed}"/>'
    )


def glyph(name: str, x: float, y: float) -> str:
    return (
        f'<g class="node__glyph" transform="translate({num(x)} {num(y)})" fill="none" stroke="currentColor" '
        f'stroke-width="1.5" aria-hidden="true">{glyph_shapes(name)}</g>'
    )


def text(name: str, lines: list[str], x: float, y: float, height: float, anchor: str) -> str:
    spans = "".join(
        f'<tspan x="{num(x)}" y="{num(y + index * height)}">{escape(line)}</tspan>' for index, line in enumerate(lines)
    )
    return f'<text class="{name}" text-anchor="{anchor}">{spans}</text>'


def towards(start: Point, end: Point, by: float) -> Point:
    length = distance(start, end) or 1.0
    return Point(start.x + (end.x - start.x) * by / length, start.y + (end.y - start.y) * by / length)


def distance(one: Point, two: Point) -> float:
    return abs(one.x - two.x) + abs(one.y - two.y)


def num(value: float) -> str:
    """A number as short as SVG allows, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")
