"""Who handed what to whom, in order: the arrows of the sequence and the lights of the diagram.

A move is only told where something was observed of it: a call at the edge, an invocation, a message that a trace
shows to have passed, a count that rose, an operation that was asked for and that a single function may ask.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from catalogue.patterns.runs.analysis.chapters import CLOCK, Chapter, Exchange, Work
from catalogue.patterns.runs.analysis.graph import USES, Graph, Hop, sets_aside
from catalogue.patterns.runs.document import Gauge, Run, Use
from catalogue.patterns.services.registry import registry

type Asked = dict[int, list[Move]]
"""By the chapter's place: the operations that functions asked for in it."""

_READING = 300.0
"""A count that rose has risen at most this long before it was read, in ms."""


@dataclass(frozen=True)
class Move:
    at: float
    source: str
    target: str
    kind: Literal["call", "hand", "answer"]
    """`call` waits for its answer, `hand` hands over and goes on, `answer` goes back to the caller."""
    label: str
    group: str
    """Moves of one burst share it."""
    ms: float | None = None
    """How long what it brought about took."""
    init_ms: float | None = None
    bad: bool = False
    note: str = ""
    """What else is to say of it."""

    @property
    def edge(self) -> str:
        """The diagram's edge that it takes, also where an answer goes back along it."""
        return f"{self.target}>{self.source}" if self.kind == "answer" else f"{self.source}>{self.target}"


def moves(told: list[Chapter], graph: Graph, run: Run) -> list[list[Move]]:
    """Each chapter's moves by time; of the same moment, in the order of cause and effect."""
    asked = _asked(run, told, graph)
    works = [(place, work) for place, chapter in enumerate(told) for work in chapter.works]
    found: list[list[Move]] = []
    for place, chapter in enumerate(told):
        moves = [move for exchange in chapter.exchanges for move in _of_exchange(exchange)]
        for work in sorted(chapter.deliveries, key=lambda work: work.at):
            moves += _of_delivery(work)
        moves += asked.get(place, [])
        found.append(moves)
    known = [{move.edge for move in moves} for moves in found]
    for place, chapter in enumerate(told):
        for rise in chapter.rises:
            for at, move in _of_rise(rise, place, works, graph):
                if move.edge not in known[at]:
                    found[at].append(move)
    return [sorted(moves, key=lambda move: move.at) for moves in found]


def _asked(run: Run, told: list[Chapter], graph: Graph) -> Asked:
    """Which functions asked which operations of tables and other resources, from what the target counted.

    An operation is a function's if, of those that ran, only this one may ask for it. Where the target tells moments,
    each is told at its own, in the chapter in which the function was at work then. Without them it is told at the end
    of the work, and only if the function ran in no other chapter.
    """
    works: dict[str, list[_Ran]] = defaultdict(list)
    for place, chapter in enumerate(told):
        for exchange in chapter.exchanges:
            for work in exchange.works:
                works[work.function].append(_Ran(place, work, f"{exchange.kind} {exchange.request.status}"))
        for work in chapter.deliveries:
            works[work.function].append(_Ran(place, work, ""))
    found: Asked = defaultdict(list)
    for use in run.uses:
        if use.resource is None or not use.count or not graph.reads(use.resource):
            continue
        hops = [hop for hop in graph.users(use.resource, use.operation) if hop.source in works]
        if len(hops) != 1:
            continue
        hop, ran = hops[0], works[hops[0].source]
        if use.at:
            for place, move in _at_their_moments(use, hop, ran):
                found[place].append(move)
        elif len({one.place for one in ran}) == 1:
            at = max(one.work.end for one in ran)
            note = f"{use.count} in all" if use.count > 1 else ""
            found[ran[0].place].append(_ask(at, hop, use, ran[0], note))
    return found


class _Ran(NamedTuple):
    """An invocation, in which chapter it stands, and what it served."""

    place: int
    work: Work
    served: str


def _at_their_moments(use: Use, hop: Hop, ran: list[_Ran]) -> Iterator[tuple[int, Move]]:
    """Each use at its moment, laid to an invocation that was under way; to none if those were of several chapters.

    The first use of every invocation stands in one group, the second in another: so what one invocation does twice,
    with something else in between, stays apart, and what many do once is told together.
    """
    asked: Counter[int] = Counter()
    for at in use.at:
        under_way = [(number, one) for number, one in enumerate(ran) if one.work.at <= at <= one.work.end]
        under_way = under_way or [
            (number, one) for number, one in enumerate(ran) if one.work.at - CLOCK <= at <= one.work.end + CLOCK
        ]
        if len({one.place for _, one in under_way}) != 1:
            continue
        number, one = min(under_way, key=lambda found: asked[found[0]])
        asked[number] += 1
        yield one.place, _ask(at, hop, use, one, nth=asked[number])


def _ask(at: float, hop: Hop, use: Use, by: _Ran, note: str = "", nth: int = 1) -> Move:
    group = f"ask {by.served} {hop.key} {use.operation} {nth}"
    return Move(at, hop.source, hop.target, "call", use.operation, group, note=note)


def _of_exchange(exchange: Exchange) -> Iterator[Move]:
    request, arrival = exchange.request, exchange.arrival
    if arrival is None:
        return
    kind = f"{exchange.kind} {request.status}"
    yield Move(exchange.at, arrival.source, arrival.target, "call", exchange.kind, f"call {kind}", request.ms)
    if exchange.cache is not None:
        label = "found in the cache" if exchange.served_from_cache else "not in the cache"
        yield Move(exchange.at, exchange.cache.source, exchange.cache.target, "call", label, f"cache {kind} {label}")
    for work in exchange.works:
        if work.hop is not None and work.hop != arrival:
            yield _invoke(work, work.hop, "call", f"work {kind} {work.function}")
    if exchange.straight is not None:
        hop = exchange.straight
        yield Move(exchange.handed_over, hop.source, hop.target, _kind(hop), hop.label or "message", f"straight {kind}")
    bad = request.status >= 400
    group = f"answer {kind}"
    yield Move(
        exchange.end, arrival.target, arrival.source, "answer", str(request.status), group, request.ms, None, bad
    )


def _of_delivery(work: Work) -> Iterator[Move]:
    since = work.handed_over if work.handed_over is not None else work.at
    for hop in work.way:
        yield Move(since, hop.source, hop.target, _kind(hop), hop.label or "message", f"way {hop.key}")
    if work.hop is not None:
        yield _invoke(work, work.hop, "hand", f"deliver {work.hop.key} {work.again}")


def _invoke(work: Work, hop: Hop, kind: Literal["call", "hand"], group: str) -> Move:
    label = "once more" if work.again else hop.label.partition(",")[0] or "invoke"
    event = work.event
    return Move(work.at, hop.source, hop.target, kind, label, group, event.ms, event.init_ms, event.error)


def _of_rise(gauge: Gauge, place: int, works: list[tuple[int, Work]], graph: Graph) -> Iterator[tuple[int, Move]]:
    """How what was counted must have come there, and in which chapter: if there is one way and one chapter only."""
    into = graph.into(gauge.resource)
    feeding = [hop for hop in into if not sets_aside(hop)]
    if not feeding:
        for hop in into:
            yield place, Move(gauge.at, hop.source, hop.target, "hand", hop.label or "set aside", f"rise {hop.key}")
        return
    near = [(at, work) for at, work in works if work.start <= gauge.at and work.end >= gauge.at - _READING]
    from_them = [(at, work, way) for at, work in near if (way := _way(graph, work.function, gauge.resource))]
    if len({way for _, _, way in from_them}) != 1 or len({at for at, _, _ in from_them}) != 1:
        return
    (chapter, _, way), *_ = from_them
    # It was there when it was read, and before that it was put there by one who was at work.
    moment = min(gauge.at, max(work.end for _, work, _ in from_them))
    for hop in way:
        label = hop.label or "message" if registry().level(gauge.measure).waits else "write"
        yield chapter, Move(moment, hop.source, hop.target, _kind(hop), label, f"rise {hop.key}")


def _way(graph: Graph, function: str, target: str) -> tuple[Hop, ...]:
    """How something comes from the function to a place where it is counted."""
    if graph.role(target) == "queue":
        return graph.way([function], target)
    return tuple(hop for hop in graph.into(target, *USES) if hop.source == function)


def _kind(hop: Hop) -> Literal["call", "hand"]:
    return "hand" if hop.kind == "async" else "call"
