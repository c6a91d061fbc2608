"""Takes a pattern's whole demo as one run: what `manage.py record_run` keeps with the pattern."""

import re
from collections.abc import Mapping

from asgiref.sync import async_to_sync

from catalogue.labs.demos.runner import StepResult, arun_step
from catalogue.labs.demos.runs.bounds import bounded
from catalogue.labs.demos.runs.capture import recording
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.runs.document import Invocation, Log, Request, Run
from catalogue.patterns.runs.recorded import recorded_text

MOST_BYTES = 40_000
"""Of a recorded run's file."""
LONGEST_BODY = 300
_SETTLE_SECONDS = 2.0
_FEWER = 0.9


def take_demo(lab: Lab, pattern: Pattern) -> tuple[Run, list[StepResult]]:
    """All steps in order on a ready lab: one run, small enough for the pattern's folder, and the steps' results."""

    async def taken() -> tuple[Run, list[StepResult]]:
        results = []
        async with recording(lab, pattern.title, settle=_SETTLE_SECONDS) as rec:
            for step in pattern.demo.steps if pattern.demo else ():
                result = await arun_step(lab, step, lab.saved)
                await in_database(services.save_variables, lab, result.saved)
                rec.step(step, result)
                results.append(result)
        return rec.run, results

    run, results = async_to_sync(taken)()
    return small(numbered(run)), results


def numbered(run: Run) -> Run:
    """The run with its traces numbered in order of appearance: their ids mean nothing to a reader."""
    names: dict[str, str] = {}

    def named(trace: str) -> str:
        return names.setdefault(trace, f"t{len(names) + 1}")

    events = []
    for event in run.events:
        if isinstance(event, (Request, Invocation, Log)) and event.trace is not None:
            event = event.model_copy(update={"trace": named(event.trace)})
        events.append(event)
    return run.model_copy(update={"events": tuple(_renamed(event, names) for event in events)})


def small(run: Run, most_bytes: int = MOST_BYTES) -> Run:
    """The run with so many events left out (and counted) that its file is not larger than this."""
    run = bounded(run, longest_body=LONGEST_BODY)
    kept, most = run, len(run.events)
    while len(recorded_text(kept).encode()) > most_bytes and most:
        most = int(most * _FEWER)
        kept = bounded(run, most_events=most)
    return kept


def _renamed[E](event: E, names: Mapping[str, str]) -> E:
    """Trace ids that handlers name in their own fields, too."""
    if not isinstance(event, Log):
        return event
    fields = {
        name: re.sub(r"1-[0-9a-f]{8}-[0-9a-f]{24}", lambda found: names.get(found[0], found[0]), value)
        if isinstance(value, str)
        else value
        for name, value in event.fields.items()
    }
    return event.model_copy(update={"fields": fields})
