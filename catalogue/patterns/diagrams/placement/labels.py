"""Places each edge's number and label on and beside its line, clear of boxes, lines and other labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from catalogue.patterns.diagrams.placement.geometry import Drawn, Point, Rect, Segment, Wish, segments

HEAD = 14.0
"""Length at the target's end kept free for the arrowhead."""
_GAP = 5.0
_MARKER_HEIGHT = 18.0


def place(
    boxes: Mapping[str, Rect],
    wishes: Iterable[Wish],
    routes: Mapping[str, tuple[Point, ...]],
    *,
    droppable: bool = False,
) -> tuple[dict[str, Drawn], float]:
    """The edges with number and label placed, and how much of them collides (an area; 0 is what one wants).

    With `droppable` a label that finds no free place is left out: the numbered list says it too.
    """
    walls = [_edges(box.grown(3)) for box in boxes.values()]
    lines = {key: [_edges(piece.rect(9)) for piece in segments(points)] for key, points in routes.items()}
    drawn: dict[str, Drawn] = {}
    taken: list[Rect] = []
    badness = 0.0
    for wish in sorted(wishes, key=lambda wish: (_length(routes[wish.key]), wish.key)):
        others = [line for key, pieces in lines.items() if key != wish.key for line in pieces]
        own = segments(routes[wish.key])
        beneath = [_edges(piece.rect(2)) for piece in own]
        notes = [_edges(other) for other in taken]
        total, best = _FAR, _NOWHERE
        for spot, cost in _candidates(wish, own):
            # Collisions only add to what a place costs, so a dearer one than the best need not be looked at.
            if cost >= total:
                continue
            hits = 0.0
            for rect in (spot.marker, spot.label):
                if rect is not None:
                    hits += _covered(rect, walls)
                    hits += _covered(rect.grown(1.5), notes)
                    hits += _covered(rect, others)
            if spot.label is not None:
                hits += _covered(spot.label, beneath)
            if hits * 100 + cost < total:
                total, best = hits * 100 + cost, spot
        assert best is not _NOWHERE
        shown = wish
        if total >= 100 and droppable and best.label is not None:
            shown = replace(wish, label=(), label_width=0.0)
            best = _best_without_label(shown, own, [*walls, *map(_edges, taken), *others])
        elif total >= 100:
            badness += total
        drawn[wish.key] = Drawn(shown, routes[wish.key], best.marker, best.label, best.anchor)
        taken.extend(rect for rect in (best.marker, best.label) if rect is not None)
    return drawn, badness


class _Spot(NamedTuple):
    """Where an edge's number and label may stand."""

    marker: Rect | None
    label: Rect | None = None
    anchor: str = "middle"


_NOWHERE = _Spot(None)
_FAR = float("inf")

type _Edges = tuple[float, float, float, float]
"""Of a rectangle: left, top, right, bottom."""


def _edges(rect: Rect) -> _Edges:
    return rect.x, rect.y, rect.right, rect.bottom


def _covered(rect: Rect, others: Iterable[_Edges]) -> float:
    """The area that the rectangle has in common with each of the others, added up. Asked most often of all here."""
    left, top, right, bottom = _edges(rect)
    return sum(
        [
            (min(right, r) - max(left, x)) * (min(bottom, b) - max(top, y))
            for x, y, r, b in others
            if x < right and left < r and y < bottom and top < b
        ]
    )


def _best_without_label(wish: Wish, own: list[Segment], others: list[_Edges]) -> _Spot:
    def hits(item: tuple[_Spot, float]) -> float:
        spot, cost = item
        return 0.0 if spot.marker is None else cost + 100 * _covered(spot.marker, others)

    return min(_candidates(wish, own), key=hits)[0]


def _length(points: tuple[Point, ...]) -> float:
    return sum(piece.length for piece in segments(points))


def _candidates(wish: Wish, own: list[Segment]) -> Iterator[tuple[_Spot, float]]:
    """Places to try, each with its cost: the longest pieces and their middles come first."""
    longest = max(piece.length for piece in own)
    for index, piece in enumerate(own):
        usable = _usable(piece, last=index == len(own) - 1)
        slack = 0.15 * (longest - piece.length) + (0.0 if piece.level else 8.0)
        for share in (0.5, 0.35, 0.65, 0.2, 0.8, 0.9):
            spot = Point(
                usable.start.x + (usable.end.x - usable.start.x) * share,
                usable.start.y + (usable.end.y - usable.start.y) * share,
            )
            cost = slack + 20 * abs(share - 0.5)
            cost += max(0.0, wish.marker_width - usable.length) * 4
            marker = None
            if wish.marker:
                marker = Rect(
                    spot.x - wish.marker_width / 2,
                    spot.y - _MARKER_HEIGHT / 2,
                    wish.marker_width,
                    _MARKER_HEIGHT,
                )
            if not wish.label:
                yield _Spot(marker), cost
                continue
            for label, anchor, extra in _beside(wish, piece, spot, marker is not None):
                yield _Spot(marker, label, anchor), cost + extra


def _beside(wish: Wish, piece: Segment, spot: Point, marked: bool) -> Iterator[tuple[Rect, str, float]]:
    width, height = wish.label_width, wish.label_height
    if piece.level:
        away = (_MARKER_HEIGHT / 2 if marked else 0.0) + _GAP
        yield Rect(spot.x - width / 2, spot.y - away - height, width, height), "middle", 0.0
        yield Rect(spot.x - width / 2, spot.y + away, width, height), "middle", 3.0
        over = max(0.0, width - piece.length)
        for shift in (-width / 4, width / 4):
            yield (
                Rect(spot.x - width / 2 + shift, spot.y - away - height, width, height),
                "middle",
                6.0 + over,
            )
            yield Rect(spot.x - width / 2 + shift, spot.y + away, width, height), "middle", 9.0 + over
    else:
        away = (wish.marker_width / 2 if marked else 0.0) + _GAP
        yield Rect(spot.x + away, spot.y - height / 2, width, height), "start", 0.0
        yield Rect(spot.x - away - width, spot.y - height / 2, width, height), "end", 2.0


def _usable(piece: Segment, *, last: bool) -> Segment:
    """The piece without the arrowhead at its end."""
    if not last or piece.length <= HEAD:
        return piece
    share = (piece.length - HEAD) / piece.length
    end = Point(
        piece.start.x + (piece.end.x - piece.start.x) * share,
        piece.start.y + (piece.end.y - piece.start.y) * share,
    )
    return Segment(piece.start, end)
