"""Compares what a lab and its twin show with the goals of a challenge. It reads, and changes nothing."""

import asyncio
from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from catalogue.labs.demos import expectations
from catalogue.labs.demos.expectations import Check
from catalogue.labs.demos.runner import send, watch_for
from catalogue.labs.edge.application import running_edge
from catalogue.labs.edge.client import Unsendable
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import EdgeCall, Lab
from catalogue.labs.targets import target_of
from catalogue.labs.targets.base import TargetDown
from catalogue.patterns.content.schemas.challenges import Challenge, Goal
from catalogue.patterns.content.schemas.comparison import Side

_OF = {"pattern": "", "naive": "the twin's "}
NO_TWIN = Check(
    "the naive twin runs beside this lab",
    False,
    "no twin: start with Compare, which runs both, and open this lab there",
)


async def graded(labs: Mapping[Side, Lab], challenge: Challenge, since: float) -> tuple[Check, ...]:
    """A check for each goal, in their order. Calls, runs and log lines count from `since` (Unix seconds).

    The edge must be in use. A goal that cannot be read is a check that is not ok, never an exception.
    """
    if challenge.twin and "naive" not in labs:
        return (NO_TWIN,)
    await running_edge().recorder.flush()
    return tuple(await asyncio.gather(*(_check(labs[goal.side], goal, since) for goal in challenge.goals)))


async def _check(lab: Lab, goal: Goal, since: float) -> Check:
    if goal.request is not None:
        check = await _answer(lab, goal)
    elif goal.answers is not None:
        check = await in_database(_answers, lab, goal, since)
    else:
        check = await watch_for(target_of(lab), resources_of(lab), goal.observe, int(since * 1000))
    return Check(f"{_OF[goal.side]}{check.what}", check.ok, check.seen)


async def _answer(lab: Lab, goal: Goal) -> Check:
    """What the lab's endpoint answers to the goal's request now."""
    assert goal.request is not None
    what = f"{goal.request.method} {goal.request.path}"
    try:
        answers = await send(lab, goal.request, {})
    except (Unsendable, ClientError, BotoCoreError, TargetDown) as error:
        return Check(what, False, str(error))
    checks = list(expectations.check_answers(expectations.filled(goal.expect, {}), answers))
    wrong = next((check for check in checks if not check.ok), checks[-1] if checks else None)
    if wrong is None:
        return Check(what, True, str(answers[0].status))
    return Check(f"{what}: {wrong.what}", wrong.ok, wrong.seen)


def _answers(lab: Lab, goal: Goal, since: float) -> Check:
    """How many calls since then were answered with the status; the newest few hundred of a lab are known."""
    assert goal.answers is not None
    calls = EdgeCall.objects.filter(lab=lab, at__gte=since, status=goal.answers)
    if goal.method is not None:
        calls = calls.filter(method=goal.method)
    if goal.path is not None:
        calls = calls.filter(path__startswith=goal.path)
    count = calls.count()
    ok = (
        (goal.equals is None or count == goal.equals)
        and (goal.at_least is None or count >= goal.at_least)
        and (goal.at_most is None or count <= goal.at_most)
    )
    called = " ".join(filter(None, (goal.method, goal.path)))
    bounds = {"=": goal.equals, "≥": goal.at_least, "≤": goal.at_most}
    wanted = "".join(f" {sign} {value}" for sign, value in bounds.items() if value is not None)
    return Check(f"answers {goal.answers}{f' to {called}' if called else ''}{wanted}", ok, str(count))
