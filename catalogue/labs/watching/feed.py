"""One lab's events as they are told to all who watch it: from readings of its sources to an event log. Without I/O.

The readings come from the process's reader (`reader.py`), the only one that asks the database and AWS.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings

from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.lifecycle.support.rate_limited_log import RateLimitedLog
from catalogue.labs.models import Lab
from catalogue.labs.services.registry import lab_services
from catalogue.labs.views.represent import lab_document
from catalogue.labs.watching import gauges
from catalogue.labs.watching.event_log import Cursor, EventLog, LabEvent, encoded
from catalogue.labs.watching.trace import Event, LogLine, LogReader
from catalogue.observability.prometheus.metrics import limit_hit
from catalogue.patterns.runs.analysis.graph import Graph, graph_of
from catalogue.patterns.runs.analysis.lights import Lights

_errors = RateLimitedLog(logging.getLogger(__name__))

LATE_CALLS = 100
"""How many rows back one may still appear: processes that write at once do not commit in the order of their rows."""
_SILENCE_SECONDS = 10.0


class TooManyStreams(Exception):
    """The lab, or this process as a whole, is watched by as many streams as it may be; the message says which."""


@dataclass(frozen=True)
class CallRow:
    """A call as its row in the database has it."""

    pk: int
    lab_id: str
    trace: str
    method: str
    path: str
    status: int
    ms: float
    at: float


class Feed:
    """What is known of one watched lab in this process. Watchers read from its log; `ended` once the lab is gone."""

    def __init__(self, lab_id: str) -> None:
        self.lab_id = lab_id
        self.lab: Lab | None = None
        self.ended = False
        self.watchers = 0
        self._trouble = ""
        self._log = EventLog()
        self._cursor = Cursor()
        self._changed = asyncio.Event()
        self._state: Event | None = None
        self._gauges: dict[tuple[str, str], Event] = {}
        self._reader = LogReader()
        self._lights: Lights | None = None
        self._lit_by = ""
        self.works_alone = True
        """Whether something in the stack may run although nobody waits for it: then a call's end is not the end."""
        self._last_call = 0
        self._reported_calls: set[int] = set()

    async def events(self, cursor: Cursor | None) -> AsyncIterator[list[LabEvent]]:
        """What happened since `cursor` (without one: all that is kept) and what happens, as it comes: often several
        events together. An empty list for every silence.

        A watcher who comes back gets the present state and counts, not their history. Ends after `gone`.
        Raises Overrun for a watcher who reads more slowly than events come.
        """
        kept = self._log.kept()
        number = kept[0].number - 1 if kept else 0
        if cursor is not None and kept:
            present = filter(None, (self._state, *self._gauges.values()))
            first = [LabEvent(0, cursor, Cursor(), event.kind, encoded(event.data)) for event in present]
            first += [told for told in kept if told.place != Cursor() and told.after(cursor)]
            number = self._log.last
            yield first
        while True:
            changed = self._changed
            fresh = self._log.since(number)
            if fresh:
                number = fresh[-1].number
                if new := [one for one in fresh if cursor is None or one.place == Cursor() or one.after(cursor)]:
                    yield new
                continue  # more may have come while this watcher was being written to
            if self.ended:
                return
            try:
                async with asyncio.timeout(_SILENCE_SECONDS):
                    await changed.wait()
            except TimeoutError:
                yield []

    def kept(self) -> list[LabEvent]:
        """The latest events, in the order in which they were told."""
        return self._log.kept()

    def tell_state(self, lab: Lab | None) -> None:
        """The lab's row as it is now; None if there is none."""
        self.lab = lab
        if lab is None:
            self._end("This lab no longer exists.")
            return
        if self._lights is None or self._lit_by != lab.content_hash:
            graph, self._lit_by = _graph(lab), lab.content_hash
            self._lights = None if graph is None else Lights(graph)
            self.works_alone = graph is None or any(hop.kind == "async" for hop in graph.hops)
        self._tell_document(lab)
        if not lab.live:
            self._end(lab.reason)

    def tell_trouble(self, trouble: str) -> None:
        """Why the lab's AWS cannot be asked at the moment, in a sentence; empty if it can."""
        self._trouble = trouble
        if self.lab is not None and self._state is not None and not self.ended:
            self._tell_document(self.lab)

    def _tell_document(self, lab: Lab) -> None:
        state = {**lab_document(lab), "trouble": self._trouble}
        if self._state is None or state != {key: self._state.data.get(key) for key in state}:
            self._state = Event("state", {"at": time.time(), **state})
            self._tell(self._state, Cursor())

    def tell_calls(self, calls: Sequence[CallRow]) -> bool:
        """Rows of this lab, in their order; those told before are passed over. True if any was new."""
        fresh = [call for call in calls if call.pk not in self._reported_calls]
        for call in fresh:
            self._reported_calls.add(call.pk)
            self._last_call = max(self._last_call, call.pk)
            self._cursor = self._cursor._replace(call=self._last_call)
            data = {
                "at": call.at,
                "trace": call.trace,
                "method": call.method,
                "path": call.path,
                "status": call.status,
                "ms": call.ms,
            }
            self._tell(Event("request", data), Cursor(call=call.pk))
        return bool(fresh)

    def forget_calls(self, before: int) -> None:
        """Rows up to this one are not read again."""
        self._reported_calls = {pk for pk in self._reported_calls if pk > before}

    def tell_lines(self, lines: Iterable[LogLine]) -> None:
        """New lines of the stack's functions."""
        for event in sorted(self._reader.read(lines), key=lambda event: event.at_ms):
            cursor = self._cursor
            if event.at_ms > cursor.log_ms:
                cursor = cursor._replace(log_ms=event.at_ms, nth=1)
            elif event.at_ms == cursor.log_ms:
                cursor = cursor._replace(nth=cursor.nth + 1)
            self._cursor = cursor
            self._tell(event, Cursor(0, event.at_ms, cursor.nth if event.at_ms == cursor.log_ms else 0))

    def tell_gauges(self, counted: Iterable[gauges.Gauge]) -> bool:
        """Counts as they are now; told are those that changed. True if any did."""
        at, changed = time.time(), False
        for gauge in counted:
            key = (gauge.resource, gauge.measure)
            before = self._gauges.get(key)
            if before is None or before.data["value"] != gauge.value:
                data = {"at": at, "resource": gauge.resource, "measure": gauge.measure, "value": gauge.value}
                self._gauges[key] = Event("gauge", data)
                self._tell(self._gauges[key], Cursor())
                changed = True
        return changed

    @property
    def expects_more(self) -> bool:
        """Whether the stack is at work by itself: messages are on their way, or an invocation has not ended."""
        moving = lab_services().moving
        on_their_way = any(event.data["value"] for (_, measure), event in self._gauges.items() if measure in moving)
        return on_their_way or self._reader.running

    def _end(self, reason: str) -> None:
        if not self.ended:
            self.ended = True
            self._tell(Event("gone", {"at": time.time(), "reason": reason}), Cursor())

    def _tell(self, event: Event, place: Cursor) -> None:
        try:
            if self._lights is not None and (edges := self._lights.edges(event.kind, event.data)):
                event.data["edges"] = edges
            self._log.add(event, self._cursor, place)
        except Exception as error:  # one event that cannot be told does not keep back the others
            _errors.exception(f"An event ({event.kind}) of a lab could not be sent", error)
            return
        self._changed.set()
        self._changed = asyncio.Event()


def _graph(lab: Lab) -> Graph | None:
    try:
        pattern = pattern_of(lab)
        return None if pattern is None else graph_of(pattern, lab.variant)
    except Exception as error:
        _errors.exception(f"The diagram of {lab.pattern} cannot be animated", error)
        return None


def too_many_of_a_lab() -> str:
    """Counts that the limit was met; returns what to say."""
    limit_hit("streams_per_lab")
    return "This lab is being watched by as many pages as it allows. Close one of them."


def require_room(feeds: dict[str, Feed], lab_id: str) -> None:
    """Raises TooManyStreams if no watcher more may come to the lab, or to any lab of this process."""
    feed = feeds.get(lab_id)
    if feed is not None and feed.watchers >= settings.LABS_STREAMS_PER_LAB:
        raise TooManyStreams(too_many_of_a_lab())
    if sum(feed.watchers for feed in feeds.values()) >= settings.LABS_STREAMS:
        limit_hit("streams")
        raise TooManyStreams("This site has reached its limit of pages that watch labs. Try again in a moment.")
