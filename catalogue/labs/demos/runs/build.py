"""From observations to the run document: pure. Moments come in as Unix seconds and become milliseconds of the run."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from catalogue.base.target_names import TargetName
from catalogue.labs.demos.expectations import Check as Checked
from catalogue.labs.demos.expectations import StepAnswer
from catalogue.labs.edge.plain_json import plain, plain_text
from catalogue.labs.models import EdgeCall
from catalogue.labs.watching.gauges import Gauge as Reading
from catalogue.labs.watching.trace import Event as Traced
from catalogue.patterns.runs.document import (
    Action,
    ActionAnswer,
    Check,
    Event,
    Gauge,
    Invocation,
    Log,
    Request,
    Run,
    Use,
)

_ORDER = {"request": 0, "invocation": 1, "log": 2, "gauge": 3}


@dataclass(frozen=True)
class Head:
    """What a run is of."""

    pattern: str
    variant: Literal["pattern", "naive"]
    title: str
    target: TargetName
    run_hash: str


@dataclass(frozen=True)
class Observed:
    """What was seen of a lab between two moments, as its sources tell it."""

    since: float
    """Unix seconds."""
    calls: Sequence[EdgeCall] = ()
    traced: Sequence[Traced] = ()
    """Log lines and invocations, as `LogReader` reads them."""
    readings: Sequence[tuple[float, Reading]] = ()
    """Every reading of every gauge with its moment, in order."""
    uses: Sequence[Use] = ()


def build_run(head: Head, actions: Sequence[Action], observed: Observed) -> Run:
    """The whole run, nothing cut and nothing blanked. It lasts until the last action or event is over."""
    events = sorted(_events(observed), key=lambda event: (event.at, _ORDER[event.kind]))
    ends = [action.at + action.ms for action in actions]
    ends += [event.at + (event.ms if isinstance(event, (Request, Invocation)) else 0) for event in events]
    return Run(
        pattern=head.pattern,
        variant=head.variant,
        title=head.title,
        target=head.target,
        run_hash=head.run_hash,
        recorded_at=datetime.fromtimestamp(math.floor(observed.since), UTC),
        ms=_rounded(max(ends, default=0)),
        actions=tuple(actions),
        events=tuple(events),
        uses=tuple(observed.uses),
    )


def answers_of(answered: Iterable[StepAnswer]) -> tuple[ActionAnswer, ...]:
    return tuple(ActionAnswer(status=one.status, ms=_rounded(one.ms), body=plain_text(one.body)) for one in answered)


def checks_of(checked: Iterable[Checked]) -> tuple[Check, ...]:
    return tuple(Check(what=plain_text(one.what), ok=one.ok, seen=plain_text(one.seen)) for one in checked)


def _events(observed: Observed) -> Iterator[Event]:
    since = observed.since
    for call in observed.calls:
        yield Request(
            at=_moment(call.at, since),
            ms=_rounded(call.ms),
            trace=call.trace,
            method=call.method,
            path=plain_text(call.path),
            status=call.status,
        )
    for event in observed.traced:
        yield _invocation(event.data, since) if event.kind == "invocation" else _log(event.data, since)
    yield from _changes(observed)


def _invocation(data: Mapping[str, Any], since: float) -> Invocation:
    return Invocation(
        at=_moment(data["at"], since),
        ms=_rounded(data["ms"]),
        function=data["function"],
        trace=data["trace"],
        cold=data["cold"],
        init_ms=None if data["init_ms"] is None else _rounded(data["init_ms"]),
        memory_mb=data["memory_mb"],
        billed_ms=data["billed_ms"],
        error=data["error"],
    )


def _log(data: Mapping[str, Any], since: float) -> Log:
    common = {"at": _moment(data["at"], since), "function": data["function"], "trace": data["trace"]}
    if "json" not in data:
        return Log(**common, text=plain_text(data["message"]))
    said = {name: value for name, value in data["json"].items() if name not in ("at", "trace")}
    step = said.pop("step") if isinstance(said.get("step"), str) else None
    return Log(**common, step=None if step is None else plain_text(step), fields=plain(said))


def _changes(observed: Observed) -> Iterator[Gauge]:
    """A gauge is told when it changes; before its first telling it was zero."""
    known: dict[tuple[str, str], int] = {}
    for at, reading in observed.readings:
        key = (reading.resource, reading.measure)
        if known.get(key, 0) != reading.value:
            yield Gauge.model_validate(
                {
                    "at": _moment(at, observed.since),
                    "resource": reading.resource,
                    "measure": reading.measure,
                    "value": reading.value,
                }
            )
        known[key] = reading.value


def _moment(at: float, since: float) -> float:
    """What began before the run is told at its beginning."""
    return _rounded(max(0.0, (at - since) * 1000))


def _rounded(ms: float) -> float:
    return round(ms, 2)
