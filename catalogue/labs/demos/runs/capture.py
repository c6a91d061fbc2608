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
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from catalogue.base.target_names import TargetName
from catalogue.labs.demos.runner import StepResult
from catalogue.labs.demos.runs.bounds import bounded, within_reach
from catalogue.labs.demos.runs.build import Head, Observed, answers_of, build_run, checks_of
from catalogue.labs.demos.runs.redact import redacted, secrets_of
from catalogue.labs.edge.application import edge_in_use, running_edge
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.lifecycle.support.rate_limited_log import RateLimitedLog
from catalogue.labs.models import EdgeCall, Lab
from catalogue.labs.services.registry import lab_services
from catalogue.labs.targets import target_of
from catalogue.labs.targets.base import Resources, Target, TargetDown
from catalogue.labs.watching import gauges
from catalogue.labs.watching.trace import LogLine, LogReader
from catalogue.patterns.content.library import library
from catalogue.patterns.content.schemas.pattern import Step
from catalogue.patterns.runs.document import Action, ActionAnswer, Run, Use
from catalogue.patterns.views.tags.demo import action as in_one_line

logger = logging.getLogger(__name__)
_errors = RateLimitedLog(logger)

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
        self.actions: list[Action] = []
        self._saved: list[Mapping[str, Any]] = [lab.saved]

    def at(self, moment: float | None = None) -> float:
        """Milliseconds from the run's start to a moment in Unix seconds, or to now."""
        return round(max(0.0, ((time.time() if moment is None else moment) - self.since) * 1000), 2)

    def action(self, action: Action) -> None:
        """One thing was done: a step, a lever, a call of the visitor's own."""
        self.actions.append(action)

    def step(self, step: Step, result: StepResult) -> None:
        """A step of the demo was taken."""
        self.knows(result.saved)
        self.action(
            Action(
                at=self.at(result.at or None),
                ms=result.ms,
                id=step.id,
                title=step.title,
                action=in_one_line(step),
                answers=answers_of(result.answers),
                checks=checks_of(result.checks),
                cli=result.cli,
            )
        )

    def knows(self, saved: Mapping[str, Any]) -> None:
        """Values that steps saved: those that are secret will stand nowhere in the run."""
        self._saved.append(dict(saved))

    def finish(self, observed: Observed, target: TargetName) -> None:
        head = Head(
            pattern=self.lab.pattern,
            variant="naive" if self.lab.variant == "naive" else "pattern",
            title=self.title,
            target=target,
            run_hash=_run_hash(self.lab),
        )
        brief = [
            Action(at=action.at, ms=action.ms, id=action.id, title=action.title, action=action.title)
            for action in self.actions
        ]
        told: Sequence[tuple[Sequence[Action], Observed]] = (
            (self.actions, observed),
            (brief, Observed(observed.since)),
        )
        for actions, seen in told:  # if something of it cannot be told, then less of it
            try:
                whole = build_run(head, actions, seen)
                self.run = bounded(redacted(within_reach(whole), secrets_of(self.lab, *self._saved)))
                return
            except Exception as error:
                _errors.exception("A run could not be captured completely", error)
        self.run = build_run(replace(head, title=self.lab.pattern), (), Observed(observed.since))


@contextlib.asynccontextmanager
async def recording(lab: Lab, title: str, *, settle: float = _SETTLE_SECONDS) -> AsyncIterator[Recording]:
    """Record all that is seen of a ready lab while the block runs, and at most `settle` seconds of its echo.

    What AWS does not tell is missing from the run; nothing of it raises here.
    """
    target, resources = target_of(lab), resources_of(lab)
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
    # Redaction may take a while where texts are long and secrets many: the event loop goes on meanwhile.
    await asyncio.to_thread(kept.finish, Observed(kept.since, calls, traced, readings, uses), target.name)


async def _sample(
    target: Target, resources: Resources, readings: list[tuple[float, gauges.Gauge]], over: asyncio.Event
) -> None:
    """Read all gauges about ten times a second until it is over, and once more then."""
    if not any(resource.type in lab_services().gauges for resource in resources.values()):
        return
    while True:
        last = over.is_set()
        with _bad_answers_survived("Sampling the counts of a recorded lab"):
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
        with _bad_answers_survived("Reading the log of a recorded lab"):
            lines = await in_database(gauges.read_logs, target, resources, int(since * 1000))
        quiet = len(lines) == seen and (seen > 0 or not slow) and not _held(readings)
        if time.monotonic() >= deadline or quiet:
            return lines
        await asyncio.sleep(pause)


def _held(readings: Sequence[tuple[float, gauges.Gauge]]) -> bool:
    """Whether, by the last reading, a consumer holds messages."""
    held = lab_services().held
    latest = {(one.resource, one.measure): one.value for _, one in readings if one.measure in held}
    return any(latest.values())


async def _calls(lab: Lab, kept: Recording) -> list[EdgeCall]:
    """The calls since the start, of all processes; this one's own are written first."""
    answered = sum(answer.status != 429 for action in kept.actions for answer in action.answers)
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
    with _bad_answers_survived("Counting uses"):
        return target.uses(resources, since) or []
    return []


@contextlib.contextmanager
def _bad_answers_survived(what: str) -> Iterator[None]:
    """An AWS that is away, or an answer that cannot be read, is missing from the run."""
    try:
        yield
    except _AWAY as error:
        logger.debug("%s: %s", what, error)
    except Exception as error:
        _errors.exception(what, error)


def _run_hash(lab: Lab) -> str:
    """Of the content as it is now; empty if the pattern was changed since the lab was made, or is gone."""
    pattern = library().find(lab.pattern)
    return pattern.run_hash if pattern is not None and pattern.content_hash == lab.content_hash else ""


async def run_of_call(lab: Lab, trace: str) -> Run | None:
    """The run of what one trace did: the calls that carried it, and all that the functions logged under it.

    None if no call of this lab that is still known carried it.
    """
    target, resources = target_of(lab), resources_of(lab)
    async with edge_in_use():
        await running_edge().recorder.flush()
    calls = await in_database(_calls_of_trace, lab.pk, trace)
    if not calls:
        return None
    first = calls[0]
    kept = Recording(lab, f"{first.method} {first.path}")
    kept.since = first.at
    lines: list[LogLine] = []
    with _bad_answers_survived("Reading the log of a recorded call"):
        lines = await in_database(gauges.read_logs, target, resources, int(first.at * 1000))
    traced = [event for event in LogReader().read(lines) if event.data["trace"] == trace]
    for call in calls:
        said = f"{call.method} {call.path}"
        answer = ActionAnswer(status=call.status, ms=call.ms)
        kept.action(Action(at=kept.at(call.at), ms=call.ms, id=None, title=said, action=said, answers=(answer,)))
    observed = Observed(first.at, calls, sorted(traced, key=lambda event: event.data["at"]))
    await asyncio.to_thread(kept.finish, observed, target.name)
    return kept.run


def _calls_of_trace(lab_id: str, trace: str) -> list[EdgeCall]:
    return list(EdgeCall.objects.filter(lab_id=lab_id, trace=trace).order_by("at")[:_MOST_TRACED])
