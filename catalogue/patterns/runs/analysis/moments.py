"""The run as moments for the player: what is lit, what is counted and what is said at each of them, in true order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from catalogue.patterns.runs.analysis.chapters import Chapter, Exchange, Work
from catalogue.patterns.runs.analysis.graph import Graph
from catalogue.patterns.runs.analysis.moves import Move
from catalogue.patterns.runs.words import counted, duration, said, times
from catalogue.patterns.services.registry import registry

_LONGEST_GAP = 400.0
_SHARE_OF_EACH = 0.35
UNITS = {
    "gateway": ("request", "requests"),
    "function": ("run", "runs"),
    "queue": ("waiting", "waiting"),
    "table": ("item", "items"),
}


@dataclass
class Moment:
    at: float
    text: str
    edges: tuple[str, ...] = ()
    """The diagram's edges that something goes along; one that begins with `<` is taken backwards, by an answer."""
    nodes: tuple[str, ...] = ()
    until: float | None = None
    """Till when its nodes are at work; absent for what takes no time."""
    counts: dict[str, str] = field(default_factory=dict)
    """New counts by node: `{"OrderApi": "12 requests"}`."""
    bad: bool = False
    pos: float = 0.0
    """Where it stands when the run is paced: from 0 to 1, long gaps shortened and short ones stretched."""

    def document(self) -> dict[str, Any]:
        """As the page's script reads it; what is empty is left out."""
        found: dict[str, Any] = {"at": round(self.at, 2), "pos": round(self.pos, 5), "text": self.text}
        for name in ("edges", "nodes", "counts", "bad"):
            if value := getattr(self, name):
                found[name] = value
        if self.until is not None:
            found["until"] = round(self.until, 2)
        return found


def moments(chapters: list[Chapter], graph: Graph, passed: list[list[Move]]) -> list[Moment]:
    """All moments of the run, by time, with their counts and paced positions. `passed` are each chapter's moves."""
    found: list[Moment] = []
    for chapter, moves in zip(chapters, passed, strict=True):
        if len(chapters) > 1:
            found.append(Moment(chapter.start, f"{chapter.title}."))
        found += _of(chapter, graph, moves)
    found.sort(key=lambda moment: moment.at)
    _count(found, graph)
    _pace(found)
    return found


def _of(chapter: Chapter, graph: Graph, moves: list[Move]) -> Iterator[Moment]:
    passing: dict[tuple[float, str, str], list[Move]] = {}
    told = {"call ", "work ", "deliver", "answer"}
    for move in moves:
        if not move.group.startswith(tuple(told)):
            passing.setdefault((round(move.at, 1), move.edge, move.label), []).append(move)
    for same in passing.values():
        move = same[0]
        often = f", {times(len(same))}" if len(same) > 1 else f", {move.note}" if move.note else ""
        text = f"{graph.label(move.source)} to {graph.label(move.target)}: {move.label}{often}."
        yield Moment(move.at, text, (move.edge,), (move.target,))
    for exchange in chapter.exchanges:
        yield from _exchange(exchange, graph)
    for work in chapter.works:
        yield from _work(work, graph)
    for log in chapter.logs:
        yield Moment(log.at, f"{graph.label(log.function)}: {said(log)}.", (), (log.function,))
    for gauge in chapter.gauges:
        level = registry().level(gauge.measure)
        if not level.reported:
            continue
        verb = "has waiting" if level.waits else "holds"
        text = f"{graph.label(gauge.resource)} {verb} {counted(gauge.value, level.one)}."
        yield Moment(gauge.at, text, (), (gauge.resource,), None, {gauge.resource: _shown(gauge.value, gauge.measure)})


def _exchange(exchange: Exchange, graph: Graph) -> Iterator[Moment]:
    if exchange.arrival is None:
        return
    hop, request = exchange.arrival, exchange.request
    text = f"{graph.label(hop.source)} sends {exchange.what} to {graph.label(hop.target)}."
    yield Moment(exchange.at, text, (hop.key,), (hop.target,), exchange.end)
    text = f"{graph.label(hop.target)} answers {request.status} after {duration(request.ms)}."
    yield Moment(exchange.end, text, (f"<{hop.key}",), (hop.source,), bad=request.status >= 400)


def _work(work: Work, graph: Graph) -> Iterator[Moment]:
    label, hop = graph.label(work.function), work.hop
    verb = "asks" if hop and hop.by == "authorizer" else "invokes"
    text = f"{graph.label(hop.source)} {verb} {label}." if hop else f"{label} is invoked."
    if hop and hop.by == "event-source":
        text = f"{graph.label(hop.source)} hands work to {label}{', once more' if work.again else ''}."
    edges, cold = (hop.key,) if hop else (), work.event.init_ms
    if cold:
        text = f"{text.removesuffix('.')}, which has to start first: a cold start."
    yield Moment(work.start, text, edges, (work.function,), work.end)
    if cold:
        yield Moment(work.at, f"{label} has started, after {duration(cold)}.", (), (work.function,))
    for log in work.logs:
        yield Moment(max(work.at, log.at), f"{label}: {said(log)}.", (), (work.function,))
    done = "fails" if work.event.error else "is done"
    yield Moment(work.end, f"{label} {done} after {duration(work.event.ms)}.", bad=work.event.error)


def _shown(value: int, measure: str) -> str:
    level = registry().level(measure)
    return f"{value} waiting" if level.waits else counted(value, level.one)


def _count(found: list[Moment], graph: Graph) -> None:
    """Number the requests at each gateway and the runs of each function, as they come."""
    seen: Counter[str] = Counter()
    for moment in found:
        if moment.until is None or not moment.edges:
            continue
        node = moment.nodes[0]
        if graph.role(node) in ("gateway", "function"):
            seen[node] += 1
            one, many = UNITS[graph.role(node)]
            moment.counts[node] = counted(seen[node], one, many)


def _pace(found: list[Moment]) -> None:
    """Spread the moments so that each can be seen: the root of each gap, besides an equal share of each."""
    total, places, before = 0.0, [], None
    for moment in found:
        if before is not None:
            gap = min(_LONGEST_GAP, max(0.0, moment.at - before))
            total += (gap / _LONGEST_GAP) ** 0.5 + (_SHARE_OF_EACH if moment.at > before else 0.1)
        places.append(total)
        before = moment.at
    for moment, place in zip(found, places, strict=True):
        moment.pos = place / total if total else 0.0
