"""Reads one side's stack: its counts before the traffic, and all of it once it has come to rest."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from catalogue.labs.demos.comparisons.results.figures import Gauges, Seen
from catalogue.labs.demos.comparisons.traffic import Sent
from catalogue.labs.demos.expectations import in_words
from catalogue.labs.demos.runner import watch_for
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab
from catalogue.labs.services.registry import lab_services
from catalogue.labs.targets import target_of
from catalogue.labs.targets.base import Resource, Target
from catalogue.labs.watching import gauges
from catalogue.labs.watching.trace import LogLine, LogReader
from catalogue.patterns.content.schemas.pattern import Observe

_QUIET_SECONDS = 2.0
"""How long to wait for the last lines of functions that no one waits for."""


async def read_gauges(lab: Lab) -> Gauges:
    """Depth of each queue and items of each table now. Raises ClientError, BotoCoreError."""
    return await in_database(_read_gauges, target_of(lab), resources_of(lab))


def _read_gauges(target: Target, resources: Mapping[str, Resource]) -> dict[tuple[str, str], int]:
    by_resource: dict[str, dict[str, int]] = {}
    for gauge in gauges.read_gauges(target, resources):
        by_resource.setdefault(gauge.resource, {})[gauge.measure] = gauge.value
    return {
        (resource, measure): value
        for resource, read in by_resource.items()
        for measure, value in gauges.with_sums(read).items()
    }


async def settle(lab: Lab, observes: Sequence[Observe], since: float, before: Gauges) -> list[str]:
    """Wait until the side has come to rest. Returns what was not so in time, in words; nothing of it raises."""
    target, resources = target_of(lab), resources_of(lab)
    checks = await asyncio.gather(
        *(watch_for(target, resources, _on_top_of(before, observe), int(since * 1000)) for observe in observes)
    )
    return [
        f"{in_words(observe)} (seen: {check.seen})"
        for observe, check in zip(observes, checks, strict=True)
        if not check.ok
    ]


def _on_top_of(before: Gauges, observe: Observe) -> Observe:
    """The same with its bounds raised by what was there before the traffic, if its measure counts what stays."""
    summed = lab_services().measures.get(observe.measure, ())
    if not summed or not lab_services().moving.isdisjoint(summed):
        return observe
    more = before.get((observe.resource, observe.measure), 0)
    bounds = {name: getattr(observe, name) for name in ("equals", "at_least", "at_most")}
    return observe.model_copy(update={name: value + more for name, value in bounds.items() if value is not None})


async def read_side(lab: Lab, sent: Sequence[Sent], since: float, before: Gauges) -> Seen:
    """Everything that the figures are counted from. Raises ClientError, BotoCoreError."""
    lines = await _quiet_lines(lab, int(since * 1000))
    return Seen(sent, lines, tuple(LogReader().read(lines)), before, await read_gauges(lab))


async def _quiet_lines(lab: Lab, since_ms: int) -> list[LogLine]:
    """The functions' lines, once every invocation that began has ended and no more lines come."""
    target, resources = target_of(lab), resources_of(lab)
    deadline = time.monotonic() + max(_QUIET_SECONDS, target.log_delay_ms / 1000)
    known = -1
    while True:
        try:
            lines = await in_database(gauges.read_logs, target, resources, since_ms)
        except Exception:  # one answer may be cut short
            if time.monotonic() >= deadline:
                raise
            await asyncio.sleep(target.poll_seconds)
            continue
        if time.monotonic() >= deadline or (len(lines) == known and not _under_way(lines)):
            return lines
        known = len(lines)
        await asyncio.sleep(target.poll_seconds)


def _under_way(lines: Sequence[LogLine]) -> int:
    began = sum(1 for line in lines if line.message.startswith("START RequestId: "))
    return began - sum(1 for line in lines if line.message.startswith("REPORT RequestId: "))
