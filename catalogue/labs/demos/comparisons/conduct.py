"""Conducts one run of a comparison: reads, sends, waits until both have come to rest, counts."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from catalogue.labs.demos.comparisons.readings import read_gauges, read_side, settle
from catalogue.labs.demos.comparisons.results.cost import cost_document
from catalogue.labs.demos.comparisons.results.figures import Seen
from catalogue.labs.demos.comparisons.results.result import SIDES, Json, result_document
from catalogue.labs.demos.comparisons.traffic import Caller, Sent, TrafficFailed, in_one_line, send_to_both
from catalogue.labs.demos.runs.build import answers_of
from catalogue.labs.demos.runs.capture import Recording, recording
from catalogue.labs.demos.runs.services import keep_run
from catalogue.labs.edge.application import edge_in_use
from catalogue.labs.lifecycle.services import refresh_lab
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets.base import TargetDown
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.comparison import Comparison, Side, Traffic
from catalogue.patterns.runs.document import Action

NAMES: Mapping[Side, str] = {"pattern": "the pattern", "naive": "its naive twin"}


class RunFailed(Exception):
    """The run came to no result; the message is fit for a visitor."""


async def conduct(labs: Mapping[Side, Lab], pattern: Pattern, seconds: float) -> Json:
    """Run the pattern's comparison on two ready labs, in so many seconds at most. Raises RunFailed."""
    assert pattern.compare is not None
    try:
        async with asyncio.timeout(seconds), edge_in_use():
            result = await _conduct(labs, pattern, pattern.compare)
    except TimeoutError:
        await _require_alive(labs)
        raise RunFailed(f"It did not finish within {seconds:g} seconds and was stopped.") from None
    except TrafficFailed as error:
        await _require_alive(labs)
        raise RunFailed(str(error)) from error
    except (TargetDown, ClientError, BotoCoreError) as error:
        await _require_alive(labs)
        raise RunFailed("AWS did not answer during the run. Run it again in a moment.") from error
    await _require_alive(labs)
    return result


async def _conduct(labs: Mapping[Side, Lab], pattern: Pattern, comparison: Comparison) -> Json:
    run = secrets.token_hex(4)
    before = await _on_both(lambda side: read_gauges(labs[side]))
    async with contextlib.AsyncExitStack() as stack:
        records = {
            side: await stack.enter_async_context(recording(labs[side], f"Compared: {pattern.title}")) for side in SIDES
        }
        since, started = time.time(), time.perf_counter()
        callers = [Caller(side, labs[side], {"run": run}) for side in SIDES]
        sent = await send_to_both(callers, comparison.traffic)
        rest = {"pattern": comparison.settle.pattern, "naive": comparison.settle.naive}
        unsettled = await _on_both(lambda side: settle(labs[side], rest[side], since, before[side]))
        seen: Mapping[Side, Seen] = await _on_both(lambda side: read_side(labs[side], sent[side], since, before[side]))
        ms = (time.perf_counter() - started) * 1000
        for caller in callers:
            _record(records[caller.side], caller, comparison.traffic, sent[caller.side])
    kept = {side: await in_database(keep_run, labs[side], records[side].run) for side in SIDES}
    runs = {side: kept[side].pk for side in SIDES}
    costs = {side: cost_document(records[side].run, pattern, comparison) for side in SIDES}
    return result_document(comparison, run, since, ms, seen, unsettled, costs, runs)


async def _on_both[T](action: Callable[[Side], Awaitable[T]]) -> dict[Side, T]:
    return dict(zip(SIDES, await asyncio.gather(*(action(side) for side in SIDES)), strict=True))


def _record(rec: Recording, caller: Caller, parts: Sequence[Traffic], sent: Sequence[Sent]) -> None:
    """Tell the side's run what was done, so that its page shows the traffic part by part."""
    rec.knows({name: value for name, value in caller.values.items() if name != "run"})
    for part, one in zip(parts, sent, strict=True):
        if not one.left_out:
            action = Action(
                at=rec.at(one.at),
                ms=one.ms,
                id=None,
                title=part.title,
                action=in_one_line(part, caller.side),
                answers=answers_of(one.answers),
                cli=one.cli,
            )
            rec.action(action)


async def _require_alive(labs: Mapping[Side, Lab]) -> None:
    """Raises RunFailed if one of the labs has ended in between: half of the figures would be of nothing."""
    for side, lab in labs.items():
        now = await in_database(_as_it_is, lab)
        if now.status != Status.READY:
            raise RunFailed(f"The lab of {NAMES[side]} is gone. {now.reason}")


def _as_it_is(lab: Lab) -> Lab:
    return refresh_lab(Lab.objects.get(pk=lab.pk))
