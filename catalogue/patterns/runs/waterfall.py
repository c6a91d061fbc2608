"""The run as a waterfall: a row for each call, gateway, wait and invocation, with bars where they were in time.

Each chapter has a scale of its own, as a step of ten milliseconds would not be seen beside one of ten seconds.
Positions are percentages of the chapter's scale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from catalogue.patterns.diagrams import css_places as places
from catalogue.patterns.runs.analysis.chapters import Chapter, Exchange, Work
from catalogue.patterns.runs.analysis.graph import Graph
from catalogue.patterns.runs.words import duration, middle, round_duration, said

FOLD = 4
"""From how many alike calls or deliveries are one row, with the single ones behind it."""
MOST_SINGLE = 12
"""How many of a fold are listed one by one."""
MOST_LANES = 10
_MOST_LOGS = 12
_NICE = (1, 2, 5)


@dataclass(frozen=True)
class Bar:
    left: float
    """Percent of the scale."""
    width: float
    kind: str
    """`edge`, `gateway`, `wait`, `cold` or `work`."""
    title: str
    lane: int = 0
    """From the top, where a row sums up what overlaps."""


@dataclass(frozen=True)
class Said:
    """A handler's line, where it stands in time."""

    left: float
    time: str
    text: str


@dataclass(frozen=True)
class WaterfallRow:
    label: str
    kind: str
    detail: str
    """Its duration, and what else is to say of it."""
    bars: tuple[Bar, ...]
    depth: int = 0
    bad: bool = False
    said: tuple[Said, ...] = ()
    more_said: int = 0
    """Lines beyond those listed."""
    single: tuple[WaterfallRow, ...] = ()
    """The rows that this one sums up."""
    more: int = 0
    """Further ones that are not listed."""
    lanes: int = 1
    """How many lanes its bars are spread over: what was at once stands one below the other."""

    @property
    def indented(self) -> int:
        return min(self.depth, 9)

    @property
    def drawn(self) -> SafeString:
        """Its bars and the places of its lines as HTML. A burst has hundreds: a template takes ten times as long."""
        bars = [
            f'<i class="bar bar--{bar.kind} placed {places.left(bar.left)} {places.width(bar.width)}'
            f'{f" lane-{bar.lane}" if bar.lane else ""}" title="{escape(bar.title)}"></i>'
            for bar in self.bars
        ]
        said = [f'<i class="fall__said placed {places.left(line.left)}"></i>' for line in self.said]
        return mark_safe("".join([*bars, *said]))  # noqa: S308  numbers and kinds are ours, titles escaped


@dataclass(frozen=True)
class Tick:
    left: float
    label: str

    @property
    def place(self) -> str:
        return places.left(self.left)


@dataclass(frozen=True)
class Waterfall:
    """One chapter's rows on its scale."""

    title: str
    start: float
    end: float
    ticks: tuple[Tick, ...]
    rows: tuple[WaterfallRow, ...]


@dataclass(frozen=True)
class Scale:
    """Milliseconds of a run as percent of a chapter's width."""

    start: float
    end: float

    @property
    def span(self) -> float:
        return max(self.end - self.start, 1.0)

    def left(self, at: float) -> float:
        return round(min(100.0, max(0.0, (at - self.start) / self.span * 100)), 3)

    def bar(self, start: float, end: float, kind: str, title: str) -> Bar:
        left = self.left(start)
        return Bar(left, round(max(0.0, self.left(end) - left), 3), kind, title)

    def ticks(self) -> tuple[Tick, ...]:
        """Round durations since the chapter's start: four to eight of them."""
        step = next(size * 10**power for power in range(7) for size in _NICE if self.span / (size * 10**power) <= 8)
        count = int(self.span // step)
        return tuple(
            Tick(round(index * step / self.span * 100, 3), round_duration(index * step)) for index in range(count + 1)
        )


def spread(groups: Iterable[tuple[Bar, ...]]) -> tuple[tuple[Bar, ...], int]:
    """The bars with their lanes, and how many lanes there are: what overlaps in time stands one below the other.

    Beyond MOST_LANES bars share lanes.
    """
    ends: list[float] = []
    placed: list[Bar] = []
    for bars in sorted((bars for bars in groups if bars), key=lambda bars: bars[0].left):
        start, end = bars[0].left, max(bar.left + bar.width for bar in bars)
        free = next((lane for lane, until in enumerate(ends) if until <= start), None)
        if free is None:
            free = len(ends) if len(ends) < MOST_LANES else min(range(MOST_LANES), key=ends.__getitem__)
            ends += [0.0] * (free + 1 - len(ends))
        ends[free] = max(ends[free], end)
        placed += [replace(bar, lane=free) for bar in bars]
    return tuple(placed), max(1, len(ends))


def waterfalls(chapters: list[Chapter], graph: Graph) -> tuple[Waterfall, ...]:
    return tuple(_Drawer(chapter, graph).waterfall() for chapter in chapters)


@dataclass
class _Drawer:
    chapter: Chapter
    graph: Graph
    scale: Scale = field(init=False)

    def __post_init__(self) -> None:
        moments = [exchange.at for exchange in self.chapter.exchanges]
        moments += [work.start for work in self.chapter.works]
        ends = [exchange.end for exchange in self.chapter.exchanges] + [work.end for work in self.chapter.works]
        start = min(moments, default=self.chapter.start)
        # What waited since an earlier chapter begins at this one's left edge.
        self.scale = Scale(max(start, self.chapter.start), max(ends, default=self.chapter.end))

    def waterfall(self) -> Waterfall:
        rows = sorted([*self._calls(), *self._deliveries()], key=lambda each: each[0])
        return Waterfall(
            self.chapter.title,
            self.scale.start,
            self.scale.end,
            self.scale.ticks(),
            tuple(row for _, several in rows for row in several),
        )

    def _calls(self) -> Iterator[tuple[float, list[WaterfallRow]]]:
        alike: dict[tuple[str, int], list[Exchange]] = defaultdict(list)
        for exchange in self.chapter.exchanges:
            alike[exchange.kind, exchange.request.status].append(exchange)
        for exchanges in alike.values():
            if len(exchanges) >= FOLD:
                yield exchanges[0].at, [self._burst(exchanges), *self._works_of(exchanges)]
            else:
                for exchange in exchanges:
                    yield exchange.at, self._call(exchange)

    def _call(self, exchange: Exchange) -> list[WaterfallRow]:
        rows = [self._edge(exchange)]
        gateway = exchange.arrival.target if exchange.arrival else None
        if gateway is not None:
            rows.append(self._gateway(exchange, self.graph.label(gateway)))
        rows += [self._work(work, 2) for work in sorted(exchange.works, key=lambda work: work.start)]
        return rows

    def _edge(self, exchange: Exchange) -> WaterfallRow:
        request = exchange.request
        title = f"{exchange.what}: {request.status} after {duration(request.ms)}"
        bar = self.scale.bar(exchange.at, exchange.end, "edge", title)
        return WaterfallRow(
            exchange.what, "edge", f"{request.status} in {duration(request.ms)}", (bar,), 0, request.status >= 400
        )

    def _gateway(self, exchange: Exchange, label: str) -> WaterfallRow:
        """The gateway's own share: what is left of the call when its functions' time is taken out."""
        free, bars, own = exchange.at, [], 0.0
        for work in sorted(exchange.works, key=lambda work: work.start):
            if work.start > free:
                bars.append(self._share(free, work.start, label))
                own += work.start - free
            free = max(free, min(work.end, exchange.end))
        if exchange.end > free:
            bars.append(self._share(free, exchange.end, label))
            own += exchange.end - free
        how = "from its cache" if exchange.served_from_cache else "of its own" if exchange.works else ""
        if exchange.straight is not None:
            how = f"to {self.graph.label(exchange.straight.target)}, by itself"
        return WaterfallRow(label, "gateway", f"{duration(own)} {how}".strip(), tuple(bars), 1)

    def _share(self, start: float, end: float, label: str) -> Bar:
        return self.scale.bar(start, end, "gateway", f"{label}: {duration(end - start)}")

    def _work(self, work: Work, depth: int) -> WaterfallRow:
        event = work.event
        label = self.graph.label(work.function)
        took = f"{'failed after ' if event.error else ''}{duration(event.ms)}"
        detail = f"{took}, cold start {duration(event.init_ms)}" if event.init_ms else took
        lines = tuple(
            Said(self.scale.left(log.at), f"+{duration(max(0.0, log.at - work.at))}", said(log))
            for log in work.logs[:_MOST_LOGS]
        )
        more = max(0, len(work.logs) - _MOST_LOGS)
        return WaterfallRow(label, "work", detail, tuple(self._work_bars(work)), depth, event.error, lines, more)

    def _work_bars(self, work: Work) -> Iterator[Bar]:
        label = self.graph.label(work.function)
        if work.event.init_ms:
            title = f"{label}, cold start: {duration(work.event.init_ms)}"
            yield self.scale.bar(work.start, work.at, "cold", title)
        yield self.scale.bar(
            work.at, work.end, "bad" if work.event.error else "work", f"{label}: {duration(work.event.ms)}"
        )

    def _wait(self, work: Work) -> WaterfallRow | None:
        """How long the oldest message of a delivery lay in its queue before the function took it."""
        if work.hop is None or work.handed_over is None:
            return None
        waited = work.start - work.handed_over
        label = self.graph.label(work.hop.source)
        what = "until it was tried again" if work.again else "until it was taken"
        bar = self.scale.bar(work.handed_over, work.start, "wait", f"{label}: {duration(waited)} {what}")
        return WaterfallRow(label, "wait", f"{duration(waited)} {what}", (bar,), 1)

    def _deliveries(self) -> Iterator[tuple[float, list[WaterfallRow]]]:
        by_function: dict[str, list[Work]] = defaultdict(list)
        for work in self.chapter.deliveries:
            by_function[work.function].append(work)
        for works in by_function.values():
            works.sort(key=lambda work: work.start)
            if len(works) >= FOLD:
                yield works[0].start, self._many(works, 1)
                continue
            for work in works:
                wait = self._wait(work)
                yield work.start, [*([wait] if wait else []), self._work(work, 2 if wait else 1)]

    def _works_of(self, exchanges: list[Exchange]) -> list[WaterfallRow]:
        by_function: dict[str, list[Work]] = defaultdict(list)
        for exchange in exchanges:
            for work in exchange.works:
                by_function[work.function].append(work)
        return [row for works in by_function.values() for row in self._many(works, 1)]

    def _burst(self, exchanges: list[Exchange]) -> WaterfallRow:
        first = exchanges[0]
        took = [exchange.request.ms for exchange in exchanges]
        bars, lanes = spread([self._edge(exchange).bars for exchange in exchanges])
        detail = f"{first.request.status}, half within {duration(middle(took))}, slowest {duration(max(took))}"
        single = tuple(self._edge(exchange) for exchange in exchanges[:MOST_SINGLE])
        more = max(0, len(exchanges) - MOST_SINGLE)
        bad = first.request.status >= 400
        label = f"{first.kind} × {len(exchanges)}"
        return WaterfallRow(label, "edge", detail, bars, 0, bad, single=single, more=more, lanes=lanes)

    def _many(self, works: list[Work], depth: int) -> list[WaterfallRow]:
        """The waits and the invocations of one function, each summed up in a row."""
        if len(works) == 1:
            return [self._work(works[0], depth)]
        rows = []
        waits = [row for work in works if (row := self._wait(work)) is not None]
        if waits:
            longest = max(work.start - work.handed_over for work in works if work.handed_over is not None)
            bars, lanes = spread([row.bars for row in waits])
            single, more = tuple(waits[:MOST_SINGLE]), max(0, len(waits) - MOST_SINGLE)
            label = f"{waits[0].label} × {len(waits)}"
            detail = f"longest {duration(longest)}"
            rows.append(WaterfallRow(label, "wait", detail, bars, depth, single=single, more=more, lanes=lanes))
        took = [work.event.ms for work in works]
        cold, failed = sum(work.event.cold for work in works), sum(work.event.error for work in works)
        detail = f"half within {duration(middle(took))}"
        detail += f", {cold} cold" if cold else ""
        detail += f", {failed} failed" if failed else ""
        bars, lanes = spread([tuple(self._work_bars(work)) for work in works])
        rows.append(
            WaterfallRow(
                f"{self.graph.label(works[0].function)} × {len(works)}",
                "work",
                detail,
                bars,
                depth,
                failed > 0,
                single=tuple(self._work(work, depth + 1) for work in works[:MOST_SINGLE]),
                more=max(0, len(works) - MOST_SINGLE),
                lanes=lanes,
            )
        )
        return rows
