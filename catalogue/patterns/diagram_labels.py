"""Places each edge's number and label on and beside its line, clear of boxes, lines and other labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from catalogue.patterns.diagram_geometry import Drawn, Point, Rect, Segment, Wish, segments

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
    walls = [box.grown(3) for box in boxes.values()]
    drawn: dict[str, Drawn] = {}
    taken: list[Rect] = []
    badness = 0.0
    for wish in sorted(wishes, key=lambda wish: (_length(routes[wish.key]), wish.key)):
        others = [piece.rect(9) for key, points in routes.items() if key != wish.key for piece in segments(points)]
        own = segments(routes[wish.key])
        best: tuple[float, Drawn] | None = None
        for candidate, cost in _candidates(wish, routes[wish.key], own):
            hits = 0.0
            for rect in (candidate.marker, candidate.label):
                if rect is not None:
                    hits += sum(rect.overlap(wall) for wall in walls)
                    hits += sum(rect.grown(1.5).overlap(other) for other in taken)
                    hits += sum(rect.overlap(line) for line in others)
            if candidate.label is not None:
                hits += sum(candidate.label.overlap(piece.rect(2)) for piece in own)
            total = hits * 100 + cost
            if best is None or total < best[0]:
                best = (total, candidate)
        assert best is not None
        total, chosen = best
        if total >= 100 and droppable and chosen.label is not None:
            shorter = replace(wish, label=(), label_width=0.0)
            chosen = replace(_best_without_label(shorter, routes, own, walls, taken, others), wish=shorter)
        elif total >= 100:
            badness += total
        drawn[wish.key] = chosen
        taken.extend(rect for rect in (chosen.marker, chosen.label) if rect is not None)
    return drawn, badness


def _best_without_label(
    wish: Wish,
    routes: Mapping[str, tuple[Point, ...]],
    own: list[Segment],
    walls: list[Rect],
    taken: list[Rect],
    others: list[Rect],
) -> Drawn:
    def hits(item: tuple[Drawn, float]) -> float:
        marker = item[0].marker
        if marker is None:
            return 0.0
        return item[1] + 100 * sum(marker.overlap(other) for other in (*walls, *taken, *others))

    return min(_candidates(wish, routes[wish.key], own), key=hits)[0]


def _length(points: tuple[Point, ...]) -> float:
    return sum(piece.length for piece in segments(points))


def _candidates(wish: Wish, points: tuple[Point, ...], own: list[Segment]) -> Iterator[tuple[Drawn, float]]:
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
            base = Drawn(wish, points, marker)
            if not wish.label:
                yield base, cost
                continue
            for label, anchor, extra in _beside(wish, piece, spot, marker is not None):
                yield replace(base, label=label, label_anchor=anchor), cost + extra


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
