"""A run's events told apart: which invocation served which request, what each said, how long work lay in a queue.

Everything is concluded from what was observed: trace ids that handlers print, the moments, and the stack's own map.
Story, sequence and waterfall are drawn from this one reading, so they never contradict each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from catalogue.patterns.runs.analysis.graph import Graph, Hop
from catalogue.patterns.runs.document import Action, Gauge, Invocation, Log, Request, Run
from catalogue.patterns.services.model import Route
from catalogue.patterns.services.registry import registry

CLOCK = 25.0
"""Milliseconds by which two processes' notes of one moment may differ: log lines carry whole milliseconds."""

_FIRST_READING = 400.0
"""A count that is first told this late, in ms, was read before and was zero."""
_READ_TOGETHER = 60.0


@dataclass
class Work:
    """One invocation, placed."""

    event: Invocation
    hop: Hop | None
    """The edge through which it was reached."""
    at: float
    """When the handler began, never before the call that it serves."""
    logs: list[Log] = field(default_factory=list)
    handed_over: float | None = None
    """When the oldest message it took was handed over, as far as traces tell."""
    way: tuple[Hop, ...] = ()
    """How that message came to where it waited."""
    again: bool = False
    """Whether it took a message that it had taken before."""

    @property
    def function(self) -> str:
        return self.event.function

    @property
    def start(self) -> float:
        """With the cold start before it, if there was one."""
        return max(0.0, self.at - (self.event.init_ms or 0.0))

    @property
    def end(self) -> float:
        return self.at + self.event.ms

    @property
    def traces(self) -> set[str]:
        return {trace for trace in (self.event.trace, *(log.trace for log in self.logs)) if trace}


@dataclass
class Exchange:
    """A request with its answer, and what was done while the caller waited."""

    request: Request
    arrival: Hop | None
    route: Route | None
    straight: Hop | None
    """The edge to a queue or topic, if the gateway handed the request over itself."""
    cache: Hop | None
    """The edge to the stage's cache, if it was asked."""
    works: list[Work] = field(default_factory=list)
    taken: float | None = None
    """When someone was seen to have its message already, if that was before its answer."""

    @property
    def at(self) -> float:
        return self.request.at

    @property
    def handed_over(self) -> float:
        """When its message was stored at the latest."""
        return self.end if self.taken is None else max(self.at, min(self.end, self.taken))

    @property
    def end(self) -> float:
        return self.request.at + self.request.ms

    @property
    def served_from_cache(self) -> bool:
        return self.cache is not None and not self.works and self.request.status == 200

    @property
    def what(self) -> str:
        """`POST /orders`, with the route's parameters as they were."""
        return f"{self.request.method} {self.request.path.partition('?')[0]}"

    @property
    def kind(self) -> str:
        """What it has in common with others of a burst: method and route."""
        return f"{self.request.method} {self.route.path if self.route else self.request.path.partition('?')[0]}"


@dataclass
class Chapter:
    """One action with all that happened until the next."""

    title: str
    action: Action | None
    start: float
    end: float = 0.0
    exchanges: list[Exchange] = field(default_factory=list)
    deliveries: list[Work] = field(default_factory=list)
    """Invocations that no caller waited for."""
    gauges: list[Gauge] = field(default_factory=list)
    rises: list[Gauge] = field(default_factory=list)
    """Those of the gauges that show more than before."""
    before: dict[tuple[str, str], int] = field(default_factory=dict)
    """What was counted as the chapter began, by resource and measure."""
    logs: list[Log] = field(default_factory=list)
    """Lines of no known invocation."""

    @property
    def works(self) -> list[Work]:
        return sorted(
            [*self.deliveries, *(work for exchange in self.exchanges for work in exchange.works)],
            key=lambda work: work.start,
        )


def chapters(run: Run, graph: Graph) -> list[Chapter]:
    """The run's actions in their order, each with its events; one chapter if the run names no action."""
    actions = sorted(run.actions, key=lambda action: action.at)
    told = [Chapter(action.title, action, action.at) for action in actions] or [Chapter(run.title, None, 0.0)]
    told[0].start = min(told[0].start, min((event.at for event in run.events), default=0.0))

    exchanges = [_exchange(event, graph) for event in run.events if isinstance(event, Request)]
    exchanges.sort(key=lambda exchange: exchange.at)
    deliveries = _place_works(run, graph, exchanges)
    loose = _place_logs(run, [*deliveries, *(work for exchange in exchanges for work in exchange.works)])
    _place_waits(exchanges, deliveries, graph)

    for exchange in exchanges:
        _chapter_at(told, exchange.at).exchanges.append(exchange)
    for work in deliveries:
        _chapter_at(told, work.at).deliveries.append(work)
    for log in loose:
        _chapter_at(told, log.at).logs.append(log)
    _place_gauges(run, told)
    for chapter, following in zip(told, [*told[1:], None], strict=True):
        ends = [
            chapter.start + (chapter.action.ms if chapter.action else 0.0),
            *(exchange.end for exchange in chapter.exchanges),
            *(work.end for work in chapter.works),
            *(gauge.at for gauge in chapter.gauges),
        ]
        chapter.end = max(ends) if following is None else max(min(max(ends), following.start), chapter.start)
    return told


def _place_gauges(run: Run, told: list[Chapter]) -> None:
    """A run tells a count when it changes; what was there when it began is in the first reading, not a change."""
    gauges = sorted((event for event in run.events if isinstance(event, Gauge)), key=lambda gauge: gauge.at)
    known: dict[tuple[str, str], int] = {}
    first = min((gauge.at for gauge in gauges), default=0.0)
    for gauge in gauges:
        key = (gauge.resource, gauge.measure)
        chapter = _chapter_at(told, gauge.at)
        if key not in known:
            # All counts are read together: what an earlier reading did not tell was zero then.
            late = gauge.at > first + _READ_TOGETHER or gauge.at > _FIRST_READING
            known[key] = 0 if late else gauge.value
        chapter.before.setdefault(key, known[key])
        chapter.gauges.append(gauge)
        if gauge.value > known[key] and registry().level(gauge.measure).reported:
            chapter.rises.append(gauge)
        known[key] = gauge.value


def _chapter_at(told: list[Chapter], at: float) -> Chapter:
    return next((chapter for chapter in reversed(told) if chapter.start <= at), told[0])


def _exchange(request: Request, graph: Graph) -> Exchange:
    route = graph.route(request.method, request.path)
    taken = 200 <= request.status < 400
    caches = [hop for hop in graph.hops if hop.by == "cache"]
    return Exchange(
        request,
        graph.arrival(request.path, request.status),
        route,
        graph.straight(route) if taken else None,
        caches[0] if caches and route and request.method == "GET" else None,
    )


def _place_works(run: Run, graph: Graph, exchanges: list[Exchange]) -> list[Work]:
    """Put invocations that someone waited for under their exchange; give back the others."""
    by_trace = {exchange.request.trace: exchange for exchange in exchanges}
    said: dict[str, list[Log]] = defaultdict(list)
    for event in run.events:
        if isinstance(event, Log):
            said[event.function].append(event)
    others = []
    invocations = [event for event in run.events if isinstance(event, Invocation)]
    for event in sorted(invocations, key=lambda event: event.at):
        waited = graph.entries(event.function, waited_for=True)
        later = graph.entries(event.function, waited_for=False)
        exchange = by_trace.get(event.trace) if event.trace else _unnamed(event, waited, exchanges, graph)
        within = exchange is not None and exchange.at - CLOCK <= event.at <= exchange.end + CLOCK
        if exchange is not None and waited and (within or not later):
            hop = _caller(waited, exchange, event)
            exchange.works.append(Work(event, hop, max(event.at, exchange.at + min(0.1, exchange.request.ms))))
        else:
            hops = later or waited
            others.append(Work(event, hops[0] if len(hops) == 1 else None, event.at))
    return others


def _caller(hops: list[Hop], exchange: Exchange, event: Invocation) -> Hop:
    """Who called: the function that was at work then, if one of the edges begins at it, else the gateway."""
    running = [work.function for work in exchange.works if work.at - CLOCK <= event.at <= work.end + CLOCK]
    called = [hop for hop in hops if hop.source in running]
    gateway = exchange.arrival.target if exchange.arrival else None
    return next(iter(called or [hop for hop in hops if hop.source == gateway] or hops))


def _unnamed(event: Invocation, waited: list[Hop], exchanges: list[Exchange], graph: Graph) -> Exchange | None:
    """The request that a silent invocation must have served: the only one under way by whose route it is reached."""
    called = {hop.by for hop in waited}
    fitting = [
        exchange
        for exchange in exchanges
        if exchange.at - 1 <= event.at <= exchange.end + 1
        and exchange.route is not None
        and (exchange.route.target == event.function or "authorizer" in called)
        and event.function not in {work.function for work in exchange.works}
    ]
    return fitting[0] if fitting else None


def _place_logs(run: Run, works: Iterable[Work]) -> list[Log]:
    """Put each line under the invocation that said it; give back those of none."""
    by_function: dict[str, list[Work]] = defaultdict(list)
    for work in works:
        by_function[work.function].append(work)
    loose = []
    for event in run.events:
        if not isinstance(event, Log):
            continue
        near = [work for work in by_function[event.function] if work.start - CLOCK <= event.at <= work.end + CLOCK]
        if not near:
            loose.append(event)
            continue
        # Of several at once, the one of the same trace; else the one that was at work rather than about to be.
        best = min(
            near,
            key=lambda work: (
                not (event.trace and work.event.trace == event.trace),
                not work.start <= event.at <= work.end + 1,
                abs(event.at - work.at),
            ),
        )
        best.logs.append(event)
    for each in by_function.values():
        for work in each:
            work.logs.sort(key=lambda log: log.at)
    return loose


def _place_waits(exchanges: list[Exchange], deliveries: list[Work], graph: Graph) -> None:
    """Find for each delivery since when its oldest message had waited, and how it had come there."""
    holders: dict[str, list[Work]] = defaultdict(list)
    by_trace = {exchange.request.trace: exchange for exchange in exchanges}
    for exchange in exchanges:
        holders[exchange.request.trace] += exchange.works
    for work in sorted(deliveries, key=lambda work: work.at):
        found: list[tuple[float, tuple[Hop, ...], bool]] = []
        for trace in work.traces:
            before = [one for one in holders[trace] if one is not work]
            tried = [one for one in before if one.function == work.function and one.end <= work.start + CLOCK]
            if tried:
                found.append((max(one.end for one in tried), (), True))
            elif (handed := _handed_over(work, by_trace.get(trace), before, graph)) is not None:
                found.append((*handed, False))
                if (asked := by_trace.get(trace)) is not None:
                    asked.taken = min(work.start, asked.taken or work.start)
            holders[trace].append(work)
        if found:
            since, work.way, work.again = min(found, key=lambda each: each[0])
            work.handed_over = min(since, work.start)


def _handed_over(
    work: Work, exchange: Exchange | None, before: list[Work], graph: Graph
) -> tuple[float, tuple[Hop, ...]] | None:
    """When and by which way a message of this trace came to where the function takes it from."""
    if work.hop is None:
        return None
    place = work.hop.source
    if exchange is not None and exchange.straight is not None:
        start = exchange.straight.target
        if way := graph.way([start], place):
            return min(exchange.end, work.start), way
        if start == place:
            return min(exchange.end, work.start), ()
    for one in reversed(before):
        if way := graph.way([one.function], place):
            return one.end, way
    return None
