"""A lab's levers: faults of its pattern's demo.yaml, put in and taken out by real AWS operations on its own stack.

Only what stands in demo.yaml can be done: a visitor names a lever by its id, never an operation or a resource. Which
levers are pulled stands in `Lab.pulled`. One lever of a lab moves at a time, whichever process is asked: the mover
claims the lab by a filtered UPDATE, so of two clicks at once one acts and the other finds it done.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from asgiref.sync import async_to_sync
from botocore.exceptions import BotoCoreError, ClientError
from django.utils import timezone

from catalogue.labs.aws.shared import NO_CHANGE
from catalogue.labs.demos import operations
from catalogue.labs.demos.operations import OperationFailed
from catalogue.labs.demos.runner import StepResult, arun_step
from catalogue.labs.edge.application import edge_in_use
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import target_of
from catalogue.labs.targets.base import TargetDown
from catalogue.patterns.content.schemas.pattern import Lever, Operation, Step, Trial

logger = logging.getLogger(__name__)

type Move = Literal["pull", "release", "try"]
MOVES: tuple[Move, ...] = ("pull", "release", "try")
_CLAIM_SECONDS = 45
"""Longer than any operation takes: a mover that died keeps the others waiting no longer."""
_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.05
_TRIES = 20


class LeverRefused(Exception):
    """The lever did not move; the message is fit for a visitor."""


class LeverBusy(LeverRefused):
    """Another lever of this lab is moving."""


@dataclass(frozen=True)
class Outcome:
    """What came of moving or trying a lever."""

    lever: str
    move: Move
    pulled: bool
    """Whether it is pulled now; never so for one that acts once."""
    changed: bool
    """False if it was as asked already, or was only tried."""
    says: str
    cli: str | None = None
    """The AWS CLI command that does the same as what was done."""
    trial: StepResult | None = None
    """What was seen: of a try, and of a lever that acts once."""

    @property
    def ok(self) -> bool:
        return self.trial is None or self.trial.ok


def move_lever(lab: Lab, lever: Lever, move: Move) -> Outcome:
    """`amove_lever` for synchronous code."""

    async def moved() -> Outcome:
        async with edge_in_use():
            return await amove_lever(lab, lever, move)

    return async_to_sync(moved)()


async def amove_lever(lab: Lab, lever: Lever, move: Move) -> Outcome:
    """Pull the lever, release it, or look at what it brings about. Raises LeverRefused.

    Doing what is done already is harmless, and said. A lever that acts once is looked at as it is pulled.
    """
    if move == "try":
        return await _try(lab, lever)
    if lab.is_lease:
        raise LeverRefused(NO_CHANGE)
    if move == "release" and lever.release is None:
        raise LeverRefused(f"“{lever.title}” runs once and cannot be undone.")
    began = time.time()
    async with turn_of(lab):
        outcome = (
            await in_database(_act, lab, lever)
            if lever.release is None
            else await in_database(_switch, lab, lever, move == "pull")
        )
    if lever.release is not None:
        return outcome
    return replace(outcome, trial=await arun_step(lab, trial_step(lever, lever.shows), {}, since=began))


async def _try(lab: Lab, lever: Lever) -> Outcome:
    if lever.release is None:
        raise LeverRefused(f"“{lever.title}” runs once. Pull it, and its effects are checked then.")
    pulled = lever.id in await in_database(_pulled, lab)
    result = await arun_step(lab, trial_step(lever, lever.shows if pulled else lever.restored), {})
    says = (
        "This is the behavior while the lever is pulled."
        if pulled
        else "This is the behavior while the lever is released."
    )
    return Outcome(lever.id, "try", pulled, False, says, trial=result)


def _act(lab: Lab, lever: Lever) -> Outcome:
    """Do what happens once; the lab is claimed."""
    cli = perform_on(lab, lever.pull)
    return Outcome(lever.id, "pull", False, True, f"{lever.title}. It runs once and cannot be undone.", cli)


def _switch(lab: Lab, lever: Lever, pull: bool) -> Outcome:
    """Pull or release a lever that can be both; the lab is claimed."""
    move: Move = "pull" if pull else "release"
    pulled = _pulled(lab)
    if (lever.id in pulled) == pull:
        says = "It is already pulled." if pull else "It is not pulled."
        return Outcome(lever.id, move, pull, False, says)
    operation = lever.pull if pull else lever.release
    assert operation is not None
    cli = perform_on(lab, operation)
    for _ in range(_TRIES):  # a step of the demo may have moved another one meanwhile
        if _set_pulled(lab, pulled, lever, pull):
            break
        pulled = _pulled(lab)
    return Outcome(lever.id, move, pull, True, lever.title if pull else str(lever.released), cli)


def follow_step(lab: Lab, levers: Sequence[Lever], operation: Operation) -> None:
    """A step of the demo has done what a lever's pull or release does: the lever stands accordingly."""
    for lever in levers:
        if lever.release is None or operation not in (lever.pull, lever.release):
            continue
        pull = operation == lever.pull
        for _ in range(_TRIES):
            pulled = _pulled(lab)
            if (lever.id in pulled) == pull or _set_pulled(lab, pulled, lever, pull):
                break


def trial_of(lever: Lever, outcome: Outcome) -> Trial:
    """What was tried for this outcome; nothing, where a lever was only switched."""
    if outcome.trial is None:
        return Trial()
    return lever.shows if outcome.pulled or lever.release is None else lever.restored


def trial_step(lever: Lever, trial: Trial) -> Step:
    """The trial in the form that the runner takes."""
    return Step.model_construct(
        id=lever.id,
        title=lever.title,
        notice=lever.notice,
        wait=trial.wait,
        request=trial.request,
        expect=trial.expect,
        observe=trial.observe,
    )


def perform_on(lab: Lab, operation: Operation) -> str:
    """Do it to the lab's stack; the AWS CLI command that does the same. Raises LeverRefused."""
    try:
        return operations.perform(operations.Stack(target_of(lab), resources_of(lab)), operation)
    except (OperationFailed, ClientError, BotoCoreError, TargetDown) as error:
        raise LeverRefused(f"AWS refused the operation: {error}") from error
    except Exception as error:
        logger.exception("A lever of %s could not be moved", lab.pattern)
        raise LeverRefused("AWS's answer could not be read.") from error


def _set_pulled(lab: Lab, before: list[str], lever: Lever, pull: bool) -> bool:
    """Note the lever's new state, unless another one's has changed since `before` was read."""
    after = [id for id in before if id != lever.id] + ([lever.id] if pull else [])
    return bool(Lab.objects.filter(pk=lab.pk, pulled=before).update(pulled=after))


def _pulled(lab: Lab) -> list[str]:
    """The levers that are pulled now, as the database has it."""
    return list(Lab.objects.values_list("pulled", flat=True).get(pk=lab.pk))


@contextlib.asynccontextmanager
async def turn_of(lab: Lab) -> AsyncIterator[None]:
    """Move a lever of this lab inside this block, alone among all processes. Raises LeverBusy."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (claim := await in_database(_claim, lab)) is None:
        if time.monotonic() >= deadline:
            raise LeverBusy("Another lever of this lab is moving.")
        await asyncio.sleep(_PAUSE_SECONDS)
    try:
        yield
    finally:
        await in_database(_give_back, lab, claim)


def _claim(lab: Lab) -> datetime | None:
    # The column serves the deployment until the lab is ready, and is free after that.
    now = timezone.now()
    until = now + timedelta(seconds=_CLAIM_SECONDS)
    free = Lab.objects.filter(pk=lab.pk, status=Status.READY).exclude(claimed_until__gt=now)
    return until if free.update(claimed_until=until) else None


def _give_back(lab: Lab, claim: datetime) -> None:
    Lab.objects.filter(pk=lab.pk, claimed_until=claim).update(claimed_until=None)
