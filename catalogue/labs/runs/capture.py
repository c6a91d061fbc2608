"""Records a run: what a lab shows of itself between two moments, gathered from AWS and the edge's own notes.

async with recording(lab, "Place fifty orders") as rec:
    result = await arun_step(lab, step, variables)
    rec.step(step, result)
kept = await in_database(keep_run, lab, rec.run)
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from catalogue.labs import gauges
from catalogue.labs.database import in_database
from catalogue.labs.edge import edge_in_use, running_edge
from catalogue.labs.models import EdgeCall, Lab
from catalogue.labs.runner import StepResult
from catalogue.labs.runs.bounds import bounded
from catalogue.labs.runs.build import Head, Observed, answers_of, build_run, checks_of
from catalogue.labs.runs.redact import redacted, secrets_of
from catalogue.labs.services import resources_of
from catalogue.labs.targets import Resources, Target, TargetDown, get_target
from catalogue.labs.trace import LogLine, LogReader
from catalogue.patterns.library import library
from catalogue.patterns.runs.document import Answer, Deed, Run, Use
from catalogue.patterns.schema import Step
from catalogue.patterns.templatetags.demo import deed as in_one_line

logger = logging.getLogger(__name__)

_SAMPLE_SECONDS = 0.1
_QUIET_SECONDS = 0.05
_SETTLE_SECONDS = 0.4
_MOST_CALLS = 2_000
_MOST_TRACED = 100
_AWAY = (TargetDown, BotoCoreError, ClientError)


class Recording:
    """A run while it goes on. `run` is there once its block is left."""

    run: Run

    def __init__(self, lab: Lab, title: str) -> None:
        self.lab = lab
        self.title = title
        self.since = time.time()
        self.deeds: list[Deed] = []
        self._saved: list[Mapping[str, Any]] = [lab.saved]

    def at(self, moment: float | None = None) -> float:
        """Milliseconds from the run's start to a moment in Unix seconds, or to now."""
        return round(max(0.0, ((time.time() if moment is None else moment) - self.since) * 1000), 2)

    def deed(self, deed: Deed) -> None:
        """One thing was done: a step, a lever, a call of the visitor's own."""
        self.deeds.append(deed)

    def step(self, step: Step, result: StepResult) -> None:
        """A step of the demo was taken."""
        self.knows(result.saved)
        self.deed(
            Deed(
                at=self.at(result.at or None),
                ms=result.ms,
                id=step.id,
                title=step.title,
                deed=in_one_line(step),
                answers=answers_of(result.answers),
                checks=checks_of(result.checks),
                cli=result.cli,
            )
        )

    def knows(self, saved: Mapping[str, Any]) -> None:
        """Values that steps saved: those that are secret will stand nowhere in the run."""
        self._saved.append(dict(saved))

    def finish(self, observed: Observed, target: str) -> None:
        head = Head(
            pattern=self.lab.pattern,
            variant="naive" if self.lab.variant == "naive" else "pattern",
            title=self.title,
            target="aws" if target == "aws" else "embedded",
            run_hash=_run_hash(self.lab),
        )
        whole = build_run(head, self.deeds, observed)
        self.run = bounded(redacted(whole, secrets_of(self.lab, *self._saved)))


@contextlib.asynccontextmanager
async def recording(lab: Lab, title: str, *, settle: float = _SETTLE_SECONDS) -> AsyncIterator[Recording]:
    """Record all that is seen of a ready lab while the block runs, and at most `settle` seconds of its echo.

    What AWS does not tell is missing from the run; nothing of it raises here.
    """
    target, resources = get_target(), resources_of(lab)
    readings: list[tuple[float, gauges.Gauge]] = []
    over = asyncio.Event()
    async with edge_in_use():
        kept = Recording(lab, title)
        sampling = asyncio.create_task(_sample(target, resources, readings, over))
        try:
            yield kept
            lines = await _settled_lines(target, resources, kept.since, settle, readings)
        finally:
            over.set()
            await sampling
        calls = await _calls(lab, kept)
        uses = await in_database(_uses, target, resources, kept.since)
    traced = sorted(LogReader().read(lines), key=lambda event: event.data["at"])
    kept.finish(Observed(kept.since, calls, traced, readings, uses), target.name)


async def _sample(
    target: Target, resources: Resources, readings: list[tuple[float, gauges.Gauge]], over: asyncio.Event
) -> None:
    """Read all gauges about ten times a second until it is over, and once more then."""
    if not any(resource.type in ("AWS::SQS::Queue", "AWS::DynamoDB::Table") for resource in resources.values()):
        return
    while True:
        last = over.is_set()
        with contextlib.suppress(*_AWAY):
            read = await in_database(list, gauges.read_gauges(target, resources))
            at = time.time()
            readings.extend((at, reading) for reading in read)
        if last:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SAMPLE_SECONDS):
                await over.wait()


async def _settled_lines(
    target: Target,
    resources: Resources,
    since: float,
    settle: float,
    readings: Sequence[tuple[float, gauges.Gauge]],
) -> list[LogLine]:
    """The functions' lines, once no more come and no consumer holds a message, or when the patience ends."""
    slow = target.log_delay_ms > 1000
    pause = target.poll_seconds if slow else _QUIET_SECONDS
    deadline = time.monotonic() + max(settle, target.log_delay_ms / 1000 if slow else 0)
    lines: list[LogLine] = []
    while True:
        seen = len(lines)
        with contextlib.suppress(*_AWAY):
            lines = await in_database(gauges.read_logs, target, resources, int(since * 1000))
        quiet = len(lines) == seen and (seen > 0 or not slow) and not _held(readings)
        if time.monotonic() >= deadline or quiet:
            return lines
        await asyncio.sleep(pause)


def _held(readings: Sequence[tuple[float, gauges.Gauge]]) -> bool:
    """Whether, by the last reading, a consumer holds messages."""
    latest = {reading.resource: reading.value for _, reading in readings if reading.measure == "in_flight"}
    return any(latest.values())


async def _calls(lab: Lab, kept: Recording) -> list[EdgeCall]:
    """The calls since the start, of all processes; this one's own are written first."""
    answered = sum(answer.status != 429 for deed in kept.deeds for answer in deed.answers)
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        await running_edge().recorder.flush()
        calls = await in_database(_read_calls, lab.pk, kept.since)
        if len(calls) >= answered or time.monotonic() >= deadline:
            return calls
        await asyncio.sleep(_QUIET_SECONDS)


def _read_calls(lab_id: str, since: float) -> list[EdgeCall]:
    return list(EdgeCall.objects.filter(lab_id=lab_id, at__gte=since).order_by("at")[:_MOST_CALLS])


def _uses(target: Target, resources: Resources, since: float) -> list[Use]:
    """What AWS counted, where the target can tell it."""
    try:
        return target.uses(resources, since) or []
    except _AWAY as error:
        logger.warning("Counting uses: %s", error)
        return []


def _run_hash(lab: Lab) -> str:
    """Of the content as it is now; empty if the pattern was changed since the lab was made, or is gone."""
    pattern = library().find(lab.pattern)
    return pattern.run_hash if pattern is not None and pattern.content_hash == lab.content_hash else ""


async def run_of_call(lab: Lab, trace: str) -> Run | None:
    """The run of what one trace did: the calls that carried it, and all that the functions logged under it.

    None if no call of this lab that is still known carried it.
    """
    target, resources = get_target(), resources_of(lab)
    async with edge_in_use():
        await running_edge().recorder.flush()
    calls = await in_database(_calls_of_trace, lab.pk, trace)
    if not calls:
        return None
    first = calls[0]
    kept = Recording(lab, f"{first.method} {first.path}")
    kept.since = first.at
    lines: list[LogLine] = []
    with contextlib.suppress(*_AWAY):
        lines = await in_database(gauges.read_logs, target, resources, int(first.at * 1000))
    traced = [event for event in LogReader().read(lines) if event.data["trace"] == trace]
    for call in calls:
        said = f"{call.method} {call.path}"
        answer = Answer(status=call.status, ms=call.ms)
        kept.deed(Deed(at=kept.at(call.at), ms=call.ms, id=None, title=said, deed=said, answers=(answer,)))
    kept.finish(Observed(first.at, calls, sorted(traced, key=lambda event: event.data["at"])), target.name)
    return kept.run


def _calls_of_trace(lab_id: str, trace: str) -> list[EdgeCall]:
    return list(EdgeCall.objects.filter(lab_id=lab_id, trace=trace).order_by("at")[:_MOST_TRACED])
