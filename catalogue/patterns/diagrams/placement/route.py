"""Finds the edges' ways: level and upright lines clear of the boxes, with few bends and few crossings.

A shortest-path search over a small grid of lines: the boxes' middles and the channels between them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, pairwise

from catalogue.patterns.diagrams.placement.geometry import Point, Rect, Wish, segments

CLEARANCE = 8.0
"""No route comes nearer than this to a box that it does not touch."""
PORT_OFFSET = 16.0
_BEND, _CROSSING, _TOUCH, _OFF_CENTRE, _SHARED = 60.0, 90.0, 500.0, 26.0, 0.6
_DIRECTIONS = {"E": (1, 0), "W": (-1, 0), "S": (0, 1), "N": (0, -1)}
_OPPOSITE = {"E": "W", "W": "E", "S": "N", "N": "S"}
_FAR = float("inf")
_ROUNDING = 1e-6

type _Vertex = int
"""A crossing of the grid's lines: its column times the number of rows, plus its row."""
type _State = tuple[_Vertex, str]
"""Where a route stands and the direction in which it came."""
type _Start = tuple[_Vertex, str, Point, float, float]
type _Goal = tuple[Point, str, float, float]
type _Way = tuple[_State, str, int, float]
"""A piece of line that leads on: where to, which way, the piece's number, its length."""


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


class _Ahead:
    """The least that a way from a state to one of the goals can cost: its length and the bend that it needs."""

    def __init__(self, grid: _Grid, goals: list[_Vertex], *, shared: bool) -> None:
        self.rows = len(grid.ys)
        self.known: dict[_State, float] = {}
        self.factor = _SHARED if shared else 1.0
        at = [divmod(goal, self.rows) for goal in goals]
        self.across = _distances(grid.xs, [grid.xs[i] for i, _ in at])
        self.down = _distances(grid.ys, [grid.ys[j] for _, j in at])

    def cost(self, state: _State) -> float:
        known = self.known.get(state)
        if known is None:
            i, j = divmod(state[0], self.rows)
            across, down = self.across[i], self.down[j]
            bends = (across and down) or (down if state[1] in "EW" else across)
            known = self.known[state] = (across + down) * self.factor + (_BEND if bends else 0.0)
        return known


def _distances(lines: list[float], goals: list[float]) -> list[float]:
    """Of each line from the range of the goals."""
    low, high = min(goals, default=0.0), max(goals, default=0.0)
    return [max(low - line, line - high, 0.0) for line in lines]


class _Grid:
    def __init__(self, boxes: Mapping[str, Rect], xs: set[float], ys: set[float]) -> None:
        self.boxes = boxes
        offsets = (-PORT_OFFSET, 0.0, PORT_OFFSET)
        self.xs = sorted(xs | {box.center.x + offset for box in boxes.values() for offset in offsets})
        self.ys = sorted(ys | {box.center.y + offset for box in boxes.values() for offset in offsets})
        self.blocked = self._blocked()
        self.ways: dict[_Vertex, tuple[Point, list[_Way]]] = {}
        self.outward: dict[tuple[str, str, float], tuple[Point, _Vertex | None]] = {}
        self.taken: dict[int, set[tuple[str, str]]] = {}
        self.bends: dict[_Vertex, set[tuple[str, str]]] = {}
        self.passed: dict[_Vertex, set[tuple[str, str, bool]]] = {}
        self.ports: dict[tuple[str, str, float], tuple[str, str, str]] = {}

    def _blocked(self) -> set[_Vertex]:
        """The vertices in or too near to a box."""
        rows = len(self.ys)
        blocked: set[_Vertex] = set()
        for box in self.boxes.values():
            wall = box.grown(CLEARANCE - 0.5)
            across = [i for i, x in enumerate(self.xs) if wall.x < x < wall.right]
            down = [j for j, y in enumerate(self.ys) if wall.y < y < wall.bottom]
            blocked.update(i * rows + j for i in across for j in down)
        return blocked

    def route(self, wish: Wish, *, crowded: bool = False) -> tuple[Point, ...]:
        """The cheapest way; a `crowded` one may run along another edge where there is no room beside it.

        A search towards the goal (A*) finds what the cheapest way costs. The second search takes the states in the
        order of their costs and passes over those that lead to no way as cheap: it decides between equal ones.
        """
        owner = (wish.source, wish.kind)
        goals = {
            (vertex, _OPPOSITE[side]): (port, side, offset, cost)
            for vertex, side, port, offset, cost in self._ports(wish.target, (wish.target, wish.key, "in"), crowded)
        }
        starts = self._ports(wish.source, (*owner, "out"), crowded)
        ahead = _Ahead(self, [vertex for vertex, _ in goals], shared=any(owner in own for own in self.taken.values()))
        least, *_ = self._searched(wish, starts, goals, ahead, crowded, _FAR)
        _, end, came, first = self._searched(wish, starts, goals, ahead, crowded, least + _ROUNDING)
        if end is None:
            raise NoRoute(wish.key)
        return self._take(end, came, first, goals, wish)

    def _searched(
        self, wish: Wish, starts: list[_Start], goals: Mapping[_State, _Goal], ahead: _Ahead, crowded: bool, most: float
    ) -> tuple[float, _State | None, Mapping[_State, _State | None], Mapping[_State, tuple[Point, str, float]]]:
        """The cost of the cheapest way, its last state, each state's earlier one, and each first state's port.

        `most` is what the way costs, if that is known.
        """
        owner, source = (wish.source, wish.kind), self.boxes[wish.source].center
        guided = most == _FAR
        ticket = count()
        queue: list[tuple[float, int, float, _State]] = []
        best: dict[_State, float] = {}
        came: dict[_State, _State | None] = {}
        first: dict[_State, tuple[Point, str, float]] = {}
        for vertex, side, port, offset, cost in starts:
            state = (vertex, side)
            if cost < best.get(state, _FAR):
                best[state], came[state], first[state] = cost, None, (port, side, offset)
                rest = ahead.cost(state)
                if cost + rest <= most:
                    heapq.heappush(queue, (cost + rest if guided else cost, next(ticket), cost, state))
        end: _State | None = None
        least = _FAR
        while queue:
            order, _, cost, state = heapq.heappop(queue)
            if order >= least:
                break
            if cost > best[state]:
                continue
            if state in goals and cost + goals[state][3] < least:
                least, end = cost + goals[state][3], state
            for onward, step in self._steps(state, owner, source, crowded):
                total = cost + step
                if total < best.get(onward, _FAR):
                    rest = ahead.cost(onward)
                    if total + rest <= most:
                        best[onward], came[onward] = total, state
                        heapq.heappush(queue, (total + rest if guided else total, next(ticket), total, onward))
        return least, end, came, first

    def _ports(
        self, id: str, owner: tuple[str, str, str], crowded: bool
    ) -> list[tuple[_Vertex, str, Point, float, float]]:
        """Where a route may leave or reach a box: free vertex outside, side, border point, offset, cost."""
        found = []
        for side in _DIRECTIONS:
            for offset in (0.0, -PORT_OFFSET, PORT_OFFSET):
                if self.ports.get((id, side, offset), owner) != owner and not crowded:
                    continue
                port, vertex = self._outward(id, side, offset)
                if vertex is not None:
                    at = self._at(vertex)
                    away = abs(at.x - port.x) + abs(at.y - port.y)
                    found.append((vertex, side, port, offset, away + (_OFF_CENTRE if offset else 0)))
        return found

    def _at(self, vertex: _Vertex) -> Point:
        i, j = divmod(vertex, len(self.ys))
        return Point(self.xs[i], self.ys[j])

    def _outward(self, id: str, side: str, offset: float) -> tuple[Point, _Vertex | None]:
        """A point of the box's border and the nearest vertex outside it, if that is free."""
        known = self.outward.get((id, side, offset))
        if known is not None:
            return known
        box, (dx, dy) = self.boxes[id], _DIRECTIONS[side]
        if dx:
            port = Point(box.right if dx > 0 else box.x, box.center.y + offset)
            j = self.ys.index(port.y)
            beyond = [i for i, x in enumerate(self.xs) if (x - port.x) * dx >= CLEARANCE - 0.5]
            place = (min(beyond) if dx > 0 else max(beyond), j) if beyond else None
        else:
            port = Point(box.center.x + offset, box.bottom if dy > 0 else box.y)
            i = self.xs.index(port.x)
            beyond = [j for j, y in enumerate(self.ys) if (y - port.y) * dy >= CLEARANCE - 0.5]
            place = (i, min(beyond) if dy > 0 else max(beyond)) if beyond else None
        vertex = None if place is None else place[0] * len(self.ys) + place[1]
        found = (port, None if vertex in self.blocked else vertex)
        self.outward[(id, side, offset)] = found
        return found

    def _ways(self, vertex: _Vertex) -> tuple[Point, list[_Way]]:
        """Where a vertex is, and the pieces that lead on from it."""
        columns, rows = len(self.xs), len(self.ys)
        i, j = divmod(vertex, rows)
        found = []
        for heading, (dx, dy) in _DIRECTIONS.items():
            if 0 <= i + dx < columns and 0 <= j + dy < rows:
                onward = vertex + dx * rows + dy
                if onward not in self.blocked:
                    length = abs(self.xs[i + dx] - self.xs[i]) + abs(self.ys[j + dy] - self.ys[j])
                    found.append(((onward, heading), heading, _piece(vertex, onward), length))
        self.ways[vertex] = (Point(self.xs[i], self.ys[j]), found)
        return self.ways[vertex]

    def _steps(
        self, state: _State, owner: tuple[str, str], source: Point, crowded: bool
    ) -> Iterator[tuple[_State, float]]:
        """Where a route may go from here, and what each step costs. Most vertices are touched by no other edge."""
        vertex, direction = state
        back = _OPPOSITE[direction]
        (x, y), ways = self.ways.get(vertex) or self._ways(vertex)
        # among bends of one price, the one next to the source leaves the longest run for a label
        away = 0.02 * (abs(x - source.x) + abs(y - source.y))
        touches = vertex in self.passed and any(other[:2] != owner for other in self.passed[vertex])
        bent = vertex in self.bends and self.bends[vertex] != {owner}
        for onward, heading, piece, length in ways:
            if heading == back:
                continue
            cost = length
            owners = self.taken.get(piece)
            if owners is not None:
                if owners == {owner}:
                    cost *= _SHARED
                elif crowded:
                    cost *= 5.0
                else:
                    continue
            if heading != direction:
                cost += _BEND
                cost += away
                if touches:
                    cost += _TOUCH
            if bent:
                cost += _TOUCH
            if onward[0] in self.passed:
                level = heading in "EW"
                if any(other[:2] != owner and other[2] != level for other in self.passed[onward[0]]):
                    cost += _CROSSING
            yield onward, cost

    def _take(
        self,
        state: _State,
        came: Mapping[_State, _State | None],
        first: Mapping[_State, tuple[Point, str, float]],
        goals: Mapping[_State, tuple[Point, str, float, float]],
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
            self.taken.setdefault(_piece(a, b), set()).add(owner)
            self.passed.setdefault(b, set()).add((*owner, heading in "EW"))
            self.passed.setdefault(a, set()).add((*owner, heading in "EW"))
        for (vertex, direction), (_, heading) in pairwise(states):
            if direction != heading:
                self.bends.setdefault(vertex, set()).add(owner)
        points = [start, *map(self._at, vertices), port]
        return _corners(points)


def _piece(a: _Vertex, b: _Vertex) -> int:
    """The number of the piece of line between two neighbors, whichever way it is gone."""
    return 2 * min(a, b) + (abs(a - b) == 1)


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
