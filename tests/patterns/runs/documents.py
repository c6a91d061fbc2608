"""Run documents for tests, written by hand: short to say, and whole."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from catalogue.patterns.runs.document import Action, Event, Gauge, Invocation, Log, Request, Run, Use


def trace(number: int) -> str:
    return f"1-67000000-{number:024x}"


def call(at: float, ms: float, path: str, status: int = 200, *, method: str = "GET", of: int = 1) -> Request:
    return Request(at=at, ms=ms, trace=trace(of), method=method, path=path, status=status)


def invocation(
    at: float,
    ms: float,
    function: str,
    *,
    of: int | None = 1,
    init_ms: float | None = None,
    error: bool = False,
) -> Invocation:
    return Invocation(
        at=at,
        ms=ms,
        function=function,
        trace=None if of is None else trace(of),
        cold=init_ms is not None,
        init_ms=init_ms,
        memory_mb=256,
        billed_ms=int(ms) + 1,
        error=error,
    )


def line(at: float, function: str, step: str, *, of: int | None = 1, **fields: Any) -> Log:
    return Log(at=at, function=function, trace=None if of is None else trace(of), step=step, fields=fields)


def gauge(at: float, resource: str, value: int, measure: Any = "visible") -> Gauge:
    return Gauge(at=at, resource=resource, measure=measure, value=value)


def action(at: float, title: str, *, ms: float = 100, cli: str | None = None, checks: Any = ()) -> Action:
    return Action(at=at, ms=ms, id=title.lower().replace(" ", "-"), title=title, action=title, cli=cli, checks=checks)


def run_of(
    pattern: str,
    events: Sequence[Event],
    *,
    actions: Sequence[Action] = (),
    uses: Sequence[Use] = (),
    variant: Any = "pattern",
) -> Run:
    ends = [event.at + getattr(event, "ms", 0) for event in events]
    return Run(
        pattern=pattern,
        variant=variant,
        title="A run",
        target="embedded",
        run_hash="",
        recorded_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
        ms=max([*ends, *(one.at + one.ms for one in actions)], default=0.0),
        actions=tuple(actions),
        events=tuple(sorted(events, key=lambda event: event.at)),
        uses=tuple(uses),
    )


def burst() -> Run:
    """Twenty orders at once, handed to the queue by the gateway; four batches, two at a time, the first one cold."""
    calls = [call(n, 30 + n, "/orders", 202, method="POST", of=n) for n in range(1, 21)]
    works = [
        invocation(260, 100, "WorkerFunction", of=5, init_ms=200),
        invocation(262, 110, "WorkerFunction", of=10, init_ms=200),
        invocation(365, 100, "WorkerFunction", of=15),
        invocation(375, 105, "WorkerFunction", of=20),
    ]
    lines = [
        line(265 + (n - 1) // 10 * 105 + n % 5, "WorkerFunction", "order.packed", of=n, order=n) for n in range(1, 21)
    ]
    counts = [
        gauge(5, "OrdersTable", 3, "items"),
        gauge(105, "OrderQueue", 20),
        gauge(480, "OrderQueue", 0),
        gauge(500, "OrdersTable", 23, "items"),
    ]
    return run_of("queue-based-load-leveling", [*calls, *works, *lines, *counts], actions=[action(0, "Send twenty")])
