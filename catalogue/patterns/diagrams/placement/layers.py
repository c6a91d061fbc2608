"""Columns and rows for a graph that no author has laid out: a column for each step from what starts the flow. Pure.

The usual layered method: edges that close a cycle are set aside, each node's column is its longest path from a source,
and the order within a column follows the neighbors (Sugiyama, Tagawa, Toda: Methods for Visual Understanding of
Hierarchical System Structures, IEEE Transactions SMC 11(2), 1981).
"""

from collections.abc import Iterable, Mapping, Sequence

type Cell = tuple[int, int]
"""Column and row, from the top left, counted from 0."""

_SWEEPS = 4
_LOOSE_COLUMNS = 4
"""Nodes without edges fill rows of at least so many below the rest."""


def placed(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, Cell]:
    """A cell for each node; no two share one. Edges with an end that is no node, and loops, count for nothing."""
    known = set(nodes)
    pairs = list(dict.fromkeys((a, b) for a, b in edges if a in known and b in known and a != b))
    forward = _without_cycles(nodes, pairs)
    linked = {end for pair in pairs for end in pair}
    column = _columns([node for node in nodes if node in linked], forward)
    cells = _rows(_ordered(column, forward), forward)
    cells |= _loose([node for node in nodes if node not in linked], cells)
    return {node: cells[node] for node in nodes}


def _without_cycles(nodes: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The edges less those that lead back to a node on the way to them, in the order of the nodes."""
    after: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in pairs:
        after[source].append(target)
    entered = {target for _, target in pairs}
    begun: set[str] = set()
    done: set[str] = set()
    back: set[tuple[str, str]] = set()
    for start in sorted(nodes, key=lambda node: node in entered):  # sources first
        stack = [(start, iter(after[start]))] if start not in begun else []
        begun.add(start)
        while stack:
            node, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                done.add(node)
                stack.pop()
            elif following not in begun:
                begun.add(following)
                stack.append((following, iter(after[following])))
            elif following not in done:
                back.add((node, following))
    return [pair for pair in pairs if pair not in back]


def _columns(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The longest path from a source to each node; a source stands just before what it leads to."""
    waits = dict.fromkeys(nodes, 0)
    after: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in edges:
        after[source].append(target)
        waits[target] += 1
    column = dict.fromkeys(nodes, 0)
    sources = ready = [node for node in nodes if not waits[node]]
    while ready:
        found = []
        for node in ready:
            for target in after[node]:
                column[target] = max(column[target], column[node] + 1)
                waits[target] -= 1
                if not waits[target]:
                    found.append(target)
        ready = found
    for node in sources:
        if after[node]:
            column[node] = min(column[target] for target in after[node]) - 1
    return column


def _ordered(column: Mapping[str, int], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """The nodes of each column, each near the middle of its neighbors in the columns beside it."""
    layers: list[list[str]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for node, at in column.items():
        layers[at].append(node)
    near: dict[str, list[str]] = {node: [] for node in column}
    for source, target in edges:
        near[source].append(target)
        near[target].append(source)
    for sweep in range(_SWEEPS):
        place = {node: index for layer in layers for index, node in enumerate(layer)}
        forwards = sweep % 2 == 0
        for layer in layers if forwards else reversed(layers):

            def middle(node: str, place: dict[str, int] = place, forwards: bool = forwards) -> float:
                beside = [place[other] for other in near[node] if (column[other] < column[node]) == forwards]
                return sum(beside) / len(beside) if beside else place[node]

            layer.sort(key=middle)
            place |= {node: index for index, node in enumerate(layer)}
    return layers


def _rows(layers: Sequence[Sequence[str]], edges: Sequence[tuple[str, str]]) -> dict[str, Cell]:
    """Rows from the top: each node in the row of what leads to it, or the next one that is free in its column."""
    before: dict[str, list[str]] = {}
    for source, target in edges:
        before.setdefault(target, []).append(source)
    cells: dict[str, Cell] = {}
    for number, layer in enumerate(layers):
        row = 0
        for node in layer:
            wanted = min((cells[one][1] for one in before.get(node, ()) if one in cells), default=row)
            row = max(row, wanted)
            cells[node] = (number, row)
            row += 1
    return cells


def _loose(nodes: Sequence[str], cells: Mapping[str, Cell]) -> dict[str, Cell]:
    width = max(_LOOSE_COLUMNS, 1 + max((column for column, _ in cells.values()), default=0))
    first = 1 + max((row for _, row in cells.values()), default=-1)
    return {node: (index % width, first + index // width) for index, node in enumerate(nodes)}
