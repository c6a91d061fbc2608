"""The run as a story: sentences in order, each with its time; what happened many times is told once, with figures."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from catalogue.patterns.runs.analysis.chapters import Chapter, Exchange, Work
from catalogue.patterns.runs.analysis.graph import Graph
from catalogue.patterns.runs.document import Gauge
from catalogue.patterns.runs.words import busiest, counted, duration, joined, middle, said, times
from catalogue.patterns.services.registry import registry

_READ_LATE = 250.0
"""Within how many milliseconds of a chapter's start a count may tell of the chapter before."""
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
BURST = 3
"""From how many alike things are told together."""


@dataclass(frozen=True)
class Line:
    at: float
    text: str
    kind: str
    """`request`, `answer`, `call`, `log`, `count` or `check`: how it is set."""
    bad: bool = False

    @property
    def time(self) -> str:
        return duration(self.at)


@dataclass(frozen=True)
class ChapterStory:
    """A chapter of the story."""

    title: str
    action: str
    at: float
    cli: str
    """The AWS CLI command that does the same, where the action was an operation."""
    lines: tuple[Line, ...]


def narrative(chapters: list[Chapter], graph: Graph) -> tuple[ChapterStory, ...]:
    """The story of a run, a chapter for each action."""
    return tuple(_Teller(number, chapter, graph).story() for number, chapter in enumerate(chapters))


class _Teller:
    def __init__(self, number: int, chapter: Chapter, graph: Graph) -> None:
        self.number = number
        self.chapter = chapter
        self.graph = graph

    def story(self) -> ChapterStory:
        lines = sorted(self._lines(), key=lambda line: line.at)
        checks = list(self._checks(max([self.chapter.end, *(line.at for line in lines)])))
        action = self.chapter.action
        words, cli = (_VARIABLE.sub(r"{\1}", action.action), action.cli or "") if action else ("", "")
        return ChapterStory(self.chapter.title, words, self.chapter.start, cli, (*lines, *checks))

    def _lines(self) -> Iterator[Line]:
        bursts: dict[tuple[str, int], list[Exchange]] = defaultdict(list)
        for exchange in self.chapter.exchanges:
            bursts[exchange.kind, exchange.request.status].append(exchange)
        for alike in bursts.values():
            if len(alike) >= BURST:
                yield from self._burst(alike)
            else:
                for exchange in alike:
                    yield from self._exchange(exchange)
        deliveries: dict[str, list[Work]] = defaultdict(list)
        for work in self.chapter.deliveries:
            deliveries[work.function].append(work)
        for works in deliveries.values():
            yield from self._deliveries(works)
        for log in self.chapter.logs:
            yield Line(log.at, f"{self._name(log.function)} writes: {said(log)}.", "log")
        yield from self._counts()

    def _name(self, id: str) -> str:
        return self.graph.label(id)

    def _exchange(self, exchange: Exchange) -> Iterator[Line]:
        caller, gateway = self._ends(exchange)
        yield Line(exchange.at, f"{caller} sends {exchange.what} to {gateway}.", "request")
        for work in sorted(exchange.works, key=lambda work: work.start):
            yield self._call(work)
            yield from self._said(work)
        status, took = exchange.request.status, duration(exchange.request.ms)
        text = f"{gateway} answers {status} after {took}{self._how(exchange)}."
        yield Line(exchange.end, text, "answer", status >= 400)

    def _ends(self, exchange: Exchange) -> tuple[str, str]:
        if exchange.arrival is None:
            return "A caller", "the gateway"
        return self._name(exchange.arrival.source), self._name(exchange.arrival.target)

    def _how(self, exchange: Exchange) -> str:
        failed = next((work for work in exchange.works if work.event.error), None)
        if failed is not None:
            asked = failed.hop is not None and failed.hop.by == "authorizer"
            return f", because {self._name(failed.function)} {'raised an error' if asked else 'failed'}"
        if exchange.straight is not None:
            return f", having put it into {self._name(exchange.straight.target)} itself: no function runs for it"
        if exchange.served_from_cache:
            return " from its cache, without running a function"
        called = [work for work in exchange.works if work.hop is None or work.hop.by != "authorizer"]
        if exchange.request.status >= 400 and not called:
            return ", without calling a function" if not exchange.works else " and goes no further"
        return ""

    def _call(self, work: Work) -> Line:
        caller = self._name(work.hop.source) if work.hop else "Something"
        verb = "asks" if work.hop and work.hop.by == "authorizer" else "invokes"
        text = f"{caller} {verb} {self._name(work.function)}{self._effort(work)}"
        return Line(work.start, text, "call", work.event.error)

    def _said(self, work: Work) -> Iterator[Line]:
        for log in work.logs:
            yield Line(max(log.at, work.at), f"{self._name(work.function)} writes: {said(log)}.", "log")

    def _burst(self, alike: list[Exchange]) -> Iterator[Line]:
        caller, gateway = self._ends(alike[0])
        status = alike[0].request.status
        span = max(exchange.end for exchange in alike) - alike[0].at
        slowest = duration(max(exchange.request.ms for exchange in alike))
        half = duration(middle(exchange.request.ms for exchange in alike))
        kept = sum(exchange.served_from_cache for exchange in alike)
        how = f", {kept} of them from its cache" if kept else "" if alike[0].cache else self._how(alike[0])
        text = (
            f"{caller} sends {alike[0].kind} {times(len(alike))} within {duration(span)}. {gateway} answers "
            f"{status} each time{how}: half within {half}, the slowest in {slowest}."
        )
        yield Line(alike[0].at, text, "request", status >= 400)
        works: dict[str, list[Work]] = defaultdict(list)
        for exchange in alike:
            for work in exchange.works:
                works[work.function].append(work)
        for function, done in works.items():
            yield self._together(f"{self._name(function)} runs", done)
            yield from self._chorus(done)

    def _together(self, beginning: str, works: list[Work]) -> Line:
        if len(works) == 1:
            return Line(works[0].start, f"{beginning} once{self._effort(works[0])}", "call", works[0].event.error)
        spans = [(work.at, work.end) for work in works]
        cold = sum(work.event.cold for work in works)
        failed = sum(work.event.error for work in works)
        parts = [f"{beginning} {times(len(works))}, at most {busiest(spans)} at once"]
        parts.append(f"half within {duration(middle(work.event.ms for work in works))}")
        if cold:
            parts.append(f"{cold} after a cold start")
        if failed:
            parts.append(f"{failed} failed")
        return Line(min(work.start for work in works), f"{'; '.join(parts)}.", "call", failed > 0)

    def _chorus(self, works: list[Work]) -> Iterator[Line]:
        """What many invocations wrote: each kind of line once, with how often and since when."""
        lines: dict[str, list[float]] = defaultdict(list)
        for work in works:
            for log in work.logs:
                lines[log.step or said(log)].append(log.at)
        if lines:
            first = min(at for moments in lines.values() for at in moments)
            told = joined(f"{step} {times(len(moments))}" for step, moments in lines.items())
            yield Line(first, f"{self._name(works[0].function)} writes {told}.", "log")

    def _deliveries(self, works: list[Work]) -> Iterator[Line]:
        if len(works) >= BURST:
            source = f"{self._name(works[0].hop.source)} is processed: " if works[0].hop else ""
            line = self._together(f"{source}{self._name(works[0].function)} runs", works)
            waits = [work.at - work.handed_over for work in works if work.handed_over is not None]
            if waits:
                longest = f" What waited longest had waited {duration(max(waits))}."
                line = Line(line.at, line.text + longest, line.kind, line.bad)
            yield line
            yield from self._chorus(works)
            return
        for work in works:
            yield self._delivery(work)
            yield from self._said(work)

    def _delivery(self, work: Work) -> Line:
        name = self._name(work.function)
        text = f"{self._name(work.hop.source)} hands its work to {name}" if work.hop else f"{name} is invoked"
        text += " again" if work.again else ""
        effort = self._effort(work)
        if work.handed_over is not None and work.start - work.handed_over >= 1:
            since = "let go" if work.again else "put there"
            text += f", {duration(work.start - work.handed_over)} after it was {since}"
            effort = effort.replace(", which has", f". {name} has")
        return Line(work.start, f"{text}{effort}", "call", work.event.error)

    def _effort(self, work: Work) -> str:
        """How the sentence on an invocation ends: with its cold start, if there was one, and its duration."""
        cold = (
            f", which has to start first: a cold start of {duration(work.event.init_ms)}" if work.event.init_ms else ""
        )
        return f"{cold}. It {'fails after' if work.event.error else 'takes'} {duration(work.event.ms)}."

    def _counts(self) -> Iterator[Line]:
        series: dict[tuple[str, str], list[Gauge]] = defaultdict(list)
        for gauge in self.chapter.gauges:
            series[gauge.resource, gauge.measure].append(gauge)
        for (resource, measure), gauges in series.items():
            name = self._name(resource)
            before, last = self.chapter.before[resource, measure], gauges[-1]
            peak = max(gauges, key=lambda gauge: gauge.value)
            level = registry().level(measure)
            if not level.reported:
                continue
            if not level.waits and last.value != before:
                items = counted(last.value, level.one)
                yield self._counted(last, f"{name} goes from {before} to {items}", f"{name} has {items}")
            elif level.waits and peak.value:
                messages = counted(peak.value, level.one)
                verb = "waits" if peak.value == 1 else "wait"
                yield self._counted(peak, *[f"{messages} {verb} in {name}"] * 2)
                if last.value < peak.value:
                    rest = "is empty again" if not last.value else f"still holds {counted(last.value, level.one)}"
                    yield Line(last.at, f"{name} {rest}.", "count")

    def _counted(self, gauge: Gauge, changed: str, stands: str) -> Line:
        """Counts are read now and then: what is read soon after a chapter began may be the one before's."""
        early = self.number > 0 and gauge.at - self.chapter.start < _READ_LATE
        return Line(gauge.at, f"Now {stands}." if early else f"{changed}.", "count")

    def _checks(self, at: float) -> Iterator[Line]:
        checks = self.chapter.action.checks if self.chapter.action else ()
        met = sum(check.ok for check in checks)
        for check in checks:
            if not check.ok:
                yield Line(at, f"Not as expected: {check.what}. Seen: {check.seen}.", "check", bad=True)
        if met and met == len(checks):
            text = "The check of the step passed." if met == 1 else f"All {met} checks of the step passed."
            yield Line(at, text, "check")
