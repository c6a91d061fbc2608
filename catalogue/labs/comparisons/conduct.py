"""Conducts one run of a comparison: reads, sends, waits until both have come to rest, counts."""

import asyncio
import secrets
import time
from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from catalogue.labs.comparisons.readings import read_gauges, read_side, settle
from catalogue.labs.comparisons.result import SIDES, Json, result_document
from catalogue.labs.comparisons.traffic import TrafficFailed, send_to_both
from catalogue.labs.database import in_database
from catalogue.labs.edge import edge_in_use
from catalogue.labs.models import Lab, Status
from catalogue.labs.services import refresh_lab
from catalogue.labs.targets import TargetDown
from catalogue.patterns.compare_schema import Comparison, Side

NAMES: Mapping[Side, str] = {"pattern": "the pattern", "naive": "its naive twin"}


class RunFailed(Exception):
    """The run came to no result; the message is fit for a visitor."""


async def conduct(labs: Mapping[Side, Lab], comparison: Comparison, seconds: float) -> Json:
    """Run the comparison on two ready labs, in so many seconds at most. Raises RunFailed."""
    try:
        async with asyncio.timeout(seconds), edge_in_use():
            result = await _conduct(labs, comparison)
    except TimeoutError:
        await _require_alive(labs)
        raise RunFailed(f"It was not over after {seconds:g} seconds and was broken off.") from None
    except TrafficFailed as error:
        await _require_alive(labs)
        raise RunFailed(str(error)) from error
    except (TargetDown, ClientError, BotoCoreError) as error:
        await _require_alive(labs)
        raise RunFailed("The AWS behind the labs did not answer in between; run it again in a moment.") from error
    await _require_alive(labs)
    return result


async def _conduct(labs: Mapping[Side, Lab], comparison: Comparison) -> Json:
    run = secrets.token_hex(4)
    before = dict(zip(SIDES, await asyncio.gather(*(read_gauges(labs[side]) for side in SIDES)), strict=True))
    since, started = time.time(), time.perf_counter()
    sent = await send_to_both(labs, comparison.traffic, run)
    settled = {"pattern": comparison.settle.pattern, "naive": comparison.settle.naive}
    late = await asyncio.gather(*(settle(labs[side], settled[side], since, before[side]) for side in SIDES))
    seen = await asyncio.gather(*(read_side(labs[side], sent[side], since, before[side]) for side in SIDES))
    ms = (time.perf_counter() - started) * 1000
    unsettled, costs = dict(zip(SIDES, late, strict=True)), dict.fromkeys(SIDES)
    return result_document(comparison, run, since, ms, dict(zip(SIDES, seen, strict=True)), unsettled, costs)


async def _require_alive(labs: Mapping[Side, Lab]) -> None:
    """Raises RunFailed if one of the labs has ended in between: half of the figures would be of nothing."""
    for side, lab in labs.items():
        now = await in_database(_as_it_is, lab)
        if now.status != Status.READY:
            raise RunFailed(f"The lab of {NAMES[side]} is gone. {now.reason}")


def _as_it_is(lab: Lab) -> Lab:
    return refresh_lab(Lab.objects.get(pk=lab.pk))
