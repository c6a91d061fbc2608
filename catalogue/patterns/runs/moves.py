"""Who handed what to whom, in order: the arrows of the sequence and the lights of the diagram.

A move is only told where something was observed of it: a call at the edge, an invocation, a message that a trace
shows to have passed, a count that rose, an operation that was asked for and that a single function may ask.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from catalogue.patterns.runs.chapters import Chapter, Exchange, Work
from catalogue.patterns.runs.document import Gauge, Run
from catalogue.patterns.runs.graph import Graph, Hop

type Asked = dict[str, tuple[tuple[Hop, str, bool], ...]]
"""By function: the edges over which it asked, the operation, and whether only at a cold start."""


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

    @property
    def edge(self) -> str:
        """The diagram's edge that it takes, also where an answer goes back along it."""
        return f"{self.target}>{self.source}" if self.kind == "answer" else f"{self.source}>{self.target}"


def moves(chapter: Chapter, graph: Graph, asked: Asked) -> list[Move]:
    """The chapter's moves by time; of the same moment, in the order of cause and effect."""
    found: list[Move] = []
    for exchange in chapter.exchanges:
        found += _of_exchange(exchange, asked)
    for work in sorted(chapter.deliveries, key=lambda work: work.at):
        found += _of_delivery(work, asked)
    edges = {move.edge for move in found}
    for rise in chapter.rises:
        found += [move for move in _of_rise(rise, chapter, graph) if move.edge not in edges]
    return sorted(found, key=lambda move: move.at)


def asked_of(run: Run, told: list[Chapter], graph: Graph) -> Asked:
    """Which functions asked which operations of tables and other resources, from what the target counted.

    An operation counts as a function's if, of the functions that ran, only this one may ask for it.
    """
    works: dict[str, list[Work]] = defaultdict(list)
    for chapter in told:
        for work in chapter.works:
            works[work.function].append(work)
    found: dict[str, list[tuple[Hop, str, bool]]] = defaultdict(list)
    for use in run.uses:
        if use.resource is None or not use.count or not graph.reads(use.resource):
            continue
        hops = [hop for hop in graph.users(use.resource, use.operation) if hop.source in works]
        if len(hops) == 1:
            ran = works[hops[0].source]
            once = use.count < len(ran) and use.count <= sum(work.event.cold for work in ran)
            if use.count >= len(ran) or once:
                found[hops[0].source].append((hops[0], use.operation, once))
    return {function: tuple(asks) for function, asks in found.items()}


def _of_exchange(exchange: Exchange, asked: Asked) -> Iterator[Move]:
    request, arrival = exchange.request, exchange.arrival
    if arrival is None:
        return
    kind = f"{exchange.kind} {request.status}"
    yield Move(exchange.at, arrival.source, arrival.target, "call", exchange.kind, f"call {kind}", request.ms)
    if exchange.cache is not None:
        label = "found in the cache" if exchange.served_from_cache else "not in the cache"
        yield Move(exchange.at, exchange.cache.source, exchange.cache.target, "call", label, f"cache {kind} {label}")
    for work in exchange.works:
        if work.hop is not None:
            yield _invoke(work, work.hop, "call", f"work {kind} {work.function}")
        yield from _asks(work, asked, kind)
    if exchange.straight is not None:
        hop = exchange.straight
        yield Move(exchange.handed_over, hop.source, hop.target, _kind(hop), hop.label or "message", f"straight {kind}")
    bad = request.status >= 400
    group = f"answer {kind}"
    yield Move(
        exchange.end, arrival.target, arrival.source, "answer", str(request.status), group, request.ms, None, bad
    )


def _of_delivery(work: Work, asked: Asked) -> Iterator[Move]:
    since = work.handed_over if work.handed_over is not None else work.at
    for hop in work.way:
        yield Move(since, hop.source, hop.target, _kind(hop), hop.label or "message", f"way {hop.key}")
    if work.hop is not None:
        yield _invoke(work, work.hop, "hand", f"deliver {work.hop.key} {work.again}")
    yield from _asks(work, asked, "")


def _invoke(work: Work, hop: Hop, kind: Literal["call", "hand"], group: str) -> Move:
    label = "once more" if work.again else hop.label or "invoke"
    event = work.event
    return Move(work.at, hop.source, hop.target, kind, label, group, event.ms, event.init_ms, event.error)


def _asks(work: Work, asked: Asked, group: str) -> Iterator[Move]:
    for hop, operation, once in asked.get(work.function, ()):
        if not once or work.event.cold:
            label = f"{operation} {group}"
            yield Move(work.end, hop.source, hop.target, "call", operation, f"ask {hop.key} {label}")


def _of_rise(gauge: Gauge, chapter: Chapter, graph: Graph) -> Iterator[Move]:
    """How what was counted must have come there, if there is one way only."""
    into = graph.into(gauge.resource)
    if gauge.measure == "items":
        writers = {work.function for work in chapter.works if work.at <= gauge.at}
        hops = [hop for hop in into if hop.by == "environment" and hop.source in writers]
        if len(hops) == 1:
            yield Move(gauge.at, hops[0].source, gauge.resource, "call", "write", f"rise {hops[0].key}")
        return
    feeding = [hop for hop in into if hop.by != "redrive"]
    if not feeding:
        for hop in into:
            yield Move(gauge.at, hop.source, hop.target, "hand", hop.label or "set aside", f"rise {hop.key}")
        return
    origins = [work.function for work in chapter.works if work.at <= gauge.at]
    for hop in graph.way(dict.fromkeys(origins), gauge.resource):
        yield Move(gauge.at, hop.source, hop.target, _kind(hop), hop.label or "message", f"rise {hop.key}")


def _kind(hop: Hop) -> Literal["call", "hand"]:
    return "hand" if hop.kind == "async" else "call"
