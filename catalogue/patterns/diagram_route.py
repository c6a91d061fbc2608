"""Finds the edges' ways: level and upright lines clear of the boxes, with few bends and few crossings.

A shortest-path search over a small grid of lines: the boxes' middles and the channels between them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from itertools import count, pairwise

from catalogue.patterns.diagram_geometry import Point, Rect, Wish, segments

CLEARANCE = 8.0
"""No route comes nearer than this to a box that it does not touch."""
PORT_OFFSET = 16.0
_BEND, _CROSSING, _TOUCH, _OFF_CENTRE, _SHARED = 60.0, 90.0, 500.0, 26.0, 0.6
_DIRECTIONS = {"E": (1, 0), "W": (-1, 0), "S": (0, 1), "N": (0, -1)}
_OPPOSITE = {"E": "W", "W": "E", "S": "N", "N": "S"}

type _Step = frozenset[tuple[int, int]]


class NoRoute(ValueError):
    """Every way from one box to another is taken or blocked."""


def route(
    boxes: Mapping[str, Rect], wishes: Iterable[Wish], xs: set[float], ys: set[float]
) -> dict[str, tuple[Point, ...]]:
    """The points of each edge's route by its key, from the source's border to the target's.

    `xs` and `ys` are the channels' lines; those through the boxes are added here. Raises NoRoute.
    """
    grid = _Grid(boxes, xs, ys)
    routes: dict[str, tuple[Point, ...]] = {}
    for wish in sorted(wishes, key=lambda wish: _difficulty(boxes, wish)):
        try:
            routes[wish.key] = grid.route(wish)
        except NoRoute:
            routes[wish.key] = grid.route(wish, crowded=True)
    return routes


def _difficulty(boxes: Mapping[str, Rect], wish: Wish) -> tuple[bool, float, str]:
    """Straight and short ones first: the others go around them."""
    a, b = boxes[wish.source].center, boxes[wish.target].center
    return a.x != b.x and a.y != b.y, abs(a.x - b.x) + abs(a.y - b.y), wish.key


class _Grid:
    def __init__(self, boxes: Mapping[str, Rect], xs: set[float], ys: set[float]) -> None:
        self.boxes = boxes
        offsets = (-PORT_OFFSET, 0.0, PORT_OFFSET)
        self.xs = sorted(xs | {box.center.x + offset for box in boxes.values() for offset in offsets})
        self.ys = sorted(ys | {box.center.y + offset for box in boxes.values() for offset in offsets})
        self.crowded = False
        self.blocked = {
            (i, j)
            for i, x in enumerate(self.xs)
            for j, y in enumerate(self.ys)
            if any(box.grown(CLEARANCE - 0.5).contains(Point(x, y)) for box in boxes.values())
        }
        self.taken: dict[_Step, set[tuple[str, str]]] = {}
        self.bends: dict[tuple[int, int], set[tuple[str, str]]] = {}
        self.passed: dict[tuple[int, int], set[tuple[str, str, bool]]] = {}
        self.ports: dict[tuple[str, str, float], tuple[str, str, str]] = {}

    def route(self, wish: Wish, *, crowded: bool = False) -> tuple[Point, ...]:
        """The cheapest way; a `crowded` one may run along another edge where there is no room beside it."""
        self.crowded = crowded
        owner = (wish.source, wish.kind)
        starts = self._ports(wish.source, (*owner, "out"))
        goals = {
            (vertex, _OPPOSITE[side]): (port, side, offset, cost)
            for vertex, side, port, offset, cost in self._ports(wish.target, (wish.target, wish.key, "in"))
        }
        ticket = count()
        queue: list[tuple[float, int, tuple[int, int], str]] = []
        best: dict[tuple[tuple[int, int], str], float] = {}
        came: dict[tuple[tuple[int, int], str], tuple[tuple[int, int], str] | None] = {}
        first: dict[tuple[tuple[int, int], str], tuple[Point, str, float]] = {}
        for vertex, side, port, offset, cost in starts:
            state = (vertex, side)
            if cost < best.get(state, float("inf")):
                best[state], came[state], first[state] = cost, None, (port, side, offset)
                heapq.heappush(queue, (cost, next(ticket), vertex, side))
        end: tuple[float, tuple[tuple[int, int], str]] | None = None
        while queue:
            cost, _, vertex, direction = heapq.heappop(queue)
            if end is not None and cost >= end[0]:
                break
            state = (vertex, direction)
            if cost > best[state]:
                continue
            if state in goals and (end is None or cost + goals[state][3] < end[0]):
                end = (cost + goals[state][3], state)
            for heading in _DIRECTIONS:
                if heading == _OPPOSITE[direction]:
                    continue
                step = self._cost(vertex, direction, heading, owner, wish)
                if step is None:
                    continue
                onward = (vertex[0] + _DIRECTIONS[heading][0], vertex[1] + _DIRECTIONS[heading][1])
                total = cost + step
                if total < best.get((onward, heading), float("inf")):
                    best[(onward, heading)], came[(onward, heading)] = total, state
                    heapq.heappush(queue, (total, next(ticket), onward, heading))
        if end is None:
            raise NoRoute(wish.key)
        return self._take(end[1], came, first, goals, wish)

    def _ports(self, id: str, owner: tuple[str, str, str]) -> list[tuple[tuple[int, int], str, Point, float, float]]:
        """Where a route may leave or reach a box: free vertex outside, side, border point, offset, cost."""
        box, found = self.boxes[id], []
        for side, (dx, dy) in _DIRECTIONS.items():
            for offset in (0.0, -PORT_OFFSET, PORT_OFFSET):
                if self.ports.get((id, side, offset), owner) != owner and not self.crowded:
                    continue
                if dx:
                    port = Point(box.right if dx > 0 else box.x, box.center.y + offset)
                else:
                    port = Point(box.center.x + offset, box.bottom if dy > 0 else box.y)
                vertex = self._outward(port, dx, dy)
                if vertex is not None:
                    away = abs(self.xs[vertex[0]] - port.x) + abs(self.ys[vertex[1]] - port.y)
                    found.append((vertex, side, port, offset, away + (_OFF_CENTRE if offset else 0)))
        return found

    def _outward(self, port: Point, dx: int, dy: int) -> tuple[int, int] | None:
        if dx:
            j = self.ys.index(port.y)
            beyond = [i for i, x in enumerate(self.xs) if (x - port.x) * dx >= CLEARANCE - 0.5]
            vertex = (min(beyond), j) if dx > 0 and beyond else (max(beyond), j) if beyond else None
        else:
            i = self.xs.index(port.x)
            beyond = [j for j, y in enumerate(self.ys) if (y - port.y) * dy >= CLEARANCE - 0.5]
            vertex = (i, min(beyond)) if dy > 0 and beyond else (i, max(beyond)) if beyond else None
        return vertex if vertex is not None and vertex not in self.blocked else None

    def _cost(
        self, vertex: tuple[int, int], direction: str, heading: str, owner: tuple[str, str], wish: Wish
    ) -> float | None:
        dx, dy = _DIRECTIONS[heading]
        onward = (vertex[0] + dx, vertex[1] + dy)
        if not (0 <= onward[0] < len(self.xs) and 0 <= onward[1] < len(self.ys)) or onward in self.blocked:
            return None
        owners = self.taken.get(frozenset((vertex, onward)), set())
        if owners - {owner} and not self.crowded:
            return None
        length = abs(self.xs[onward[0]] - self.xs[vertex[0]]) + abs(self.ys[onward[1]] - self.ys[vertex[1]])
        cost = length * (1.0 if not owners else 5.0 if owners - {owner} else _SHARED)
        if heading != direction:
            cost += _BEND
            # among bends of one price, the one next to the source leaves the longest run for a label
            source = self.boxes[wish.source].center
            cost += 0.02 * (abs(self.xs[vertex[0]] - source.x) + abs(self.ys[vertex[1]] - source.y))
            if any(other[:2] != owner for other in self.passed.get(vertex, ())):
                cost += _TOUCH
        if self.bends.get(vertex, set()) - {owner}:
            cost += _TOUCH
        if any(other[:2] != owner and other[2] != bool(dx) for other in self.passed.get(onward, ())):
            cost += _CROSSING
        return cost

    def _take(
        self,
        state: tuple[tuple[int, int], str],
        came: dict[tuple[tuple[int, int], str], tuple[tuple[int, int], str] | None],
        first: dict[tuple[tuple[int, int], str], tuple[Point, str, float]],
        goals: Mapping[tuple[tuple[int, int], str], tuple[Point, str, float, float]],
        wish: Wish,
    ) -> tuple[Point, ...]:
        """Mark the found way as taken and give its corners."""
        owner = (wish.source, wish.kind)
        port, side, offset, _ = goals[state]
        self.ports[(wish.target, side, offset)] = (wish.target, wish.key, "in")
        states = [state]
        while (before := came[states[-1]]) is not None:
            states.append(before)
        states.reverse()
        start, out_side, out_offset = first[states[0]]
        self.ports[(wish.source, out_side, out_offset)] = (*owner, "out")
        vertices = [vertex for vertex, _ in states]
        for (a, _), (b, heading) in pairwise(states):
            self.taken.setdefault(frozenset((a, b)), set()).add(owner)
            self.passed.setdefault(b, set()).add((*owner, heading in "EW"))
            self.passed.setdefault(a, set()).add((*owner, heading in "EW"))
        for (vertex, direction), (_, heading) in pairwise(states):
            if direction != heading:
                self.bends.setdefault(vertex, set()).add(owner)
        points = [start, *(Point(self.xs[i], self.ys[j]) for i, j in vertices), port]
        return _corners(points)


def _corners(points: list[Point]) -> tuple[Point, ...]:
    """Without the points in the middle of a straight line."""
    kept: list[Point] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and (kept[-2].x == kept[-1].x == point.x or kept[-2].y == kept[-1].y == point.y):
            kept.pop()
        kept.append(point)
    assert all(piece.start.x == piece.end.x or piece.level for piece in segments(tuple(kept)))
    return tuple(kept)
