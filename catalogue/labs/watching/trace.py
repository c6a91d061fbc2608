"""Turns CloudWatch log lines into what happened: pure, the same for both targets.

A function's log stream tells of one invocation after the other: START, the handler's lines, END, REPORT
(https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html). The trace id of an invocation is the one that its
handler's JSON lines carry.
"""

import json
import math
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

_REPORT = re.compile(r"REPORT RequestId: (\S+)\s")
_START = re.compile(r"START RequestId: (\S+)")
_FIGURE = re.compile(r"(?:^|\t)\s*(Duration|Billed Duration|Init Duration|Memory Size): ([\d.]+) (?:ms|MB)")
_PLATFORM = re.compile(r"(END RequestId: |INIT_START |INIT_REPORT |EXTENSION\t|XRAY TraceId: )")
_FAILED = re.compile(r"^\[ERROR\](?!\t)|\bRuntime\.ExitError\b|Task timed out after [\d.]+ seconds")
"""A tab after `[ERROR]` is a line of Python's logging, which an invocation that succeeds may write."""
_TRACE_ROOT = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_KEPT_STREAMS = 500
_MOST_OF_A_FIGURE = 1e9
"""Milliseconds or MB: more than any invocation can take."""


@dataclass(frozen=True)
class LogLine:
    """One event as filter_log_events gives it."""

    function: str
    """The function's logical id."""
    stream: str
    at_ms: int
    message: str
    id: str = ""


@dataclass(frozen=True)
class Event:
    """What happened: `kind` is the name of the server-sent event, `data` its JSON with `at` in Unix seconds."""

    kind: str
    data: dict[str, Any]
    at_ms: int = 0
    """Timestamp of the log line it was read from."""


@dataclass
class _Invocation:
    request_id: str = ""
    trace: str | None = None
    failed: bool = False
    over: bool = True
    """False between START and REPORT."""


@dataclass
class LogReader:
    """Reads lines in their order; remembers which invocation each stream is in."""

    _streams: "OrderedDict[tuple[str, str], _Invocation]" = field(default_factory=OrderedDict)

    @property
    def running(self) -> bool:
        """Whether an invocation has begun that has not reported its end."""
        return any(not invocation.over for invocation in self._streams.values())

    def read(self, lines: Iterable[LogLine]) -> Iterator[Event]:
        """Events of these lines. Plain lines of one stream with one timestamp are told as one message."""
        plain: list[LogLine] = []
        for line in lines:
            try:
                event = self._event(line)
            except Exception:  # a handler may print anything; what cannot be read is shown as it is
                event = None
            if plain and (event is not None or not _together(plain[-1], line)):
                yield self._plain(plain)
                plain = []
            if event is None:
                if not _platform(line.message):
                    plain.append(line)
            elif event.kind:
                yield event
        if plain:
            yield self._plain(plain)

    def _event(self, line: LogLine) -> Event | None:
        """What a line stands for; kind "" for a START line, None for plain text and other platform lines."""
        message = line.message.rstrip()
        if started := _START.match(message):
            self._remember(line, _Invocation(started[1], over=False))
            return Event("", {})
        invocation = self._of(line)
        if _FAILED.search(message):
            invocation.failed = True
        if reported := _REPORT.match(message):
            invocation.over = True
            return _invocation_event(line, reported[1], invocation)
        said = _json_object(message)
        if said is None:
            return None
        trace = said.get("trace")
        if isinstance(trace, str) and (root := _TRACE_ROOT.search(trace)):
            invocation.trace = root[0]
        return Event(
            "log",
            {
                "at": _moment(said.get("at"), line.at_ms),
                "function": line.function,
                "trace": invocation.trace,
                "json": said,
            },
            line.at_ms,
        )

    def _plain(self, lines: list[LogLine]) -> Event:
        first = lines[0]
        message = "\n".join(line.message.rstrip() for line in lines)
        trace = self._of(first).trace
        return Event(
            "log",
            {"at": first.at_ms / 1000, "function": first.function, "trace": trace, "message": message},
            first.at_ms,
        )

    def _of(self, line: LogLine) -> _Invocation:
        return self._streams.get((line.function, line.stream)) or self._remember(line, _Invocation())

    def _remember(self, line: LogLine, invocation: _Invocation) -> _Invocation:
        self._streams[line.function, line.stream] = invocation
        while len(self._streams) > _KEPT_STREAMS:
            self._streams.popitem(last=False)
        return invocation


def _invocation_event(line: LogLine, request_id: str, invocation: _Invocation) -> Event:
    """`at` is when the handler began: its REPORT line is written as it ends."""
    figures = {name: _number(value) for name, value in _FIGURE.findall(line.message)}
    init_ms = figures.get("Init Duration")
    ms = figures.get("Duration", 0.0)
    return Event(
        "invocation",
        {
            "at": round((line.at_ms - ms) / 1000, 4),
            "function": line.function,
            "request_id": request_id,
            "ms": ms,
            "cold": init_ms is not None,
            "init_ms": init_ms,
            "billed_ms": billed_ms(ms, init_ms, figures.get("Billed Duration")),
            "memory_mb": int(figures.get("Memory Size", 0)),
            "error": invocation.failed,
            "trace": invocation.trace,
        },
        line.at_ms,
    )


def _number(figure: str) -> float:
    """A handler may print a line that looks like Lambda's own, with any figure in it."""
    try:
        number = float(figure)
    except ValueError:
        return 0.0
    return number if number < _MOST_OF_A_FIGURE else 0.0


def billed_ms(ms: float, init_ms: float | None = None, told: float | None = None) -> int:
    """Milliseconds that are paid for: as the REPORT line tells them, else the duration with its init, rounded up.

    Source: https://aws.amazon.com/lambda/pricing/ and
    https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
    """
    return math.ceil(round((ms + (init_ms or 0)) if told is None else told, 3))


def _together(first: LogLine, second: LogLine) -> bool:
    return (first.function, first.stream, first.at_ms) == (second.function, second.stream, second.at_ms)


def _platform(message: str) -> bool:
    return not message.strip() or bool(_PLATFORM.match(message))


def _json_object(message: str) -> dict[str, Any] | None:
    if not message.startswith("{"):
        return None
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _moment(said: Any, at_ms: int) -> float:
    """The handler's own time if it is near the log's: all lines of an invocation may share the log's."""
    moment = at_ms / 1000
    # Compared without arithmetic on `said`: JSON has integers that are no float.
    if isinstance(said, (int, float)) and not isinstance(said, bool) and moment - 1000 < said < moment + 1000:
        return float(said)
    return moment
