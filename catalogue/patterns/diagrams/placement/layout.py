"""Turns a grid into places: boxes in columns and rows, channels between them as wide as labels need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from catalogue.patterns.diagrams.placement.geometry import Drawn, Point, Rect, Wish, segments
from catalogue.patterns.diagrams.placement.labels import HEAD, place
from catalogue.patterns.diagrams.placement.route import NoRoute, route

_ATTEMPTS = 7
_WIDER = 16.0


@dataclass(frozen=True)
class Sizes:
    """Measures of one variant of a picture."""

    box_width: float
    box_height: float
    column_gap: float
    row_gap: float
    padding: float
    above: float = 0.0
    """Room over each box, kept free for a live counter."""
    may_widen: bool = True
    """Where the picture may not grow sideways, labels that find no place are left out."""


@dataclass(frozen=True)
class Place:
    id: str
    column: int
    row: int


@dataclass(frozen=True)
class Layout:
    width: float
    height: float
    boxes: dict[str, Rect]
    edges: dict[str, Drawn]
    columns: int
    collisions: float
    """Area of labels that overlap something: 0 in a good picture."""


def lay_out(places: Sequence[Place], wishes: Sequence[Wish], sizes: Sizes) -> Layout:
    """The best of a few attempts, each with wider channels than the one before. Raises NoRoute."""
    best: Layout | None = None
    failure: NoRoute | None = None
    for _ in range(_ATTEMPTS):
        try:
            layout = _attempt(places, wishes, sizes)
        except NoRoute as error:
            failure = error
        else:
            if best is None or layout.collisions < best.collisions:
                best = layout
            if best.collisions == 0 or not sizes.may_widen:
                break
        sizes = replace(sizes, column_gap=sizes.column_gap + _WIDER, row_gap=sizes.row_gap + _WIDER / 2)
    if best is None:
        assert failure is not None
        raise failure
    return best


def _attempt(places: Sequence[Place], wishes: Sequence[Wish], sizes: Sizes) -> Layout:
    columns = sorted({place.column for place in places})
    rows = sorted({place.row for place in places})
    start = 60.0
    x_of, x_tracks = _axis(len(columns), sizes.box_width, _column_gaps(places, wishes, columns, sizes), start)
    y_of, y_tracks = _axis(len(rows), sizes.box_height, _row_gaps(places, wishes, rows, sizes), start)
    boxes = {
        place.id: Rect(
            x_of[columns.index(place.column)], y_of[rows.index(place.row)], sizes.box_width, sizes.box_height
        )
        for place in places
    }
    routes = route(boxes, wishes, x_tracks, y_tracks)
    edges, collisions = place(boxes, wishes, routes, droppable=not sizes.may_widen)
    return _cropped(boxes, edges, len(columns), collisions, sizes)


def _axis(count: int, size: float, gaps: Sequence[float], start: float) -> tuple[list[float], set[float]]:
    """Where the columns (or rows) begin, and the lines in the channels beside them that routes may take."""
    starts, tracks = [start], {start - 18, start - 30}
    for gap in gaps:
        end = starts[-1] + size
        inner = {end + gap / 2} if gap < 60 else {end + 18, end + gap / 2, end + gap - 26}
        tracks |= inner if gap < 100 else inner | {end + 34, end + gap - 42}
        starts.append(end + gap)
    end = starts[-1] + size
    return starts[:count], tracks | {end + 18, end + 30}


def _column_gaps(places: Sequence[Place], wishes: Sequence[Wish], columns: Sequence[int], sizes: Sizes) -> list[float]:
    """Each channel as wide as the labels of the edges that cross it and it alone."""
    at = {place.id: place for place in places}
    gaps = [sizes.column_gap] * (len(columns) - 1)
    turning = {(wish.source, wish.kind) for wish in wishes if at[wish.source].row != at[wish.target].row}
    for wish in wishes:
        source, target = at[wish.source], at[wish.target]
        first, last = sorted((columns.index(source.column), columns.index(target.column)))
        if last - first != 1:
            continue
        straight = source.row == target.row
        if sizes.may_widen:
            # edges of one source share a trunk up to where one of them turns off
            apart = 40 if (wish.source, wish.kind) in turning else 0
            need = max(wish.label_width + 8, wish.marker_width + 16) + HEAD + apart
        else:
            need = wish.marker_width + 8 + HEAD if straight else 0.0
        gaps[first] = max(gaps[first], need)
    return gaps


def _row_gaps(places: Sequence[Place], wishes: Sequence[Wish], rows: Sequence[int], sizes: Sizes) -> list[float]:
    at = {place.id: place for place in places}
    gaps = [sizes.row_gap] * (len(rows) - 1)
    for wish in wishes:
        source, target = at[wish.source], at[wish.target]
        first, last = sorted((rows.index(source.row), rows.index(target.row)))
        if last - first == 1:
            bend = 0 if source.column == target.column else 16
            gaps[first] = max(gaps[first], wish.label_height + HEAD + 14 + bend)
    return gaps


def _cropped(boxes: dict[str, Rect], edges: dict[str, Drawn], columns: int, collisions: float, sizes: Sizes) -> Layout:
    """The same picture, moved so that its content begins at the padding, without empty margins."""
    content = [Rect(box.x, box.y - sizes.above, box.width, box.height + sizes.above) for box in boxes.values()]
    for edge in edges.values():
        content += [piece.rect(2) for piece in segments(edge.points)]
        content += [rect for rect in (edge.marker, edge.label) if rect is not None]
    left, top = min(r.x for r in content) - sizes.padding, min(r.y for r in content) - sizes.padding
    width = max(r.right for r in content) + sizes.padding - left
    height = max(r.bottom for r in content) + sizes.padding - top
    return Layout(
        width,
        height,
        {id: _moved(box, left, top) for id, box in boxes.items()},
        {
            key: replace(
                edge,
                points=tuple(Point(point.x - left, point.y - top) for point in edge.points),
                marker=None if edge.marker is None else _moved(edge.marker, left, top),
                label=None if edge.label is None else _moved(edge.label, left, top),
            )
            for key, edge in edges.items()
        },
        columns,
        collisions,
    )


def _moved(rect: Rect, left: float, top: float) -> Rect:
    return Rect(rect.x - left, rect.y - top, rect.width, rect.height)
