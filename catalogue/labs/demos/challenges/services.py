"""What changes a lab's challenges: a new beginning, and a check with what came of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asgiref.sync import async_to_sync
from django.db import transaction

from catalogue.labs.demos.challenges.grading import graded
from catalogue.labs.demos.expectations import Check
from catalogue.labs.edge.application import edge_in_use
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Comparison, Lab, Status
from catalogue.patterns.content.schemas.challenges import Challenge
from catalogue.patterns.content.schemas.comparison import Side


@dataclass(frozen=True)
class Progress:
    """How a challenge stands in one lab."""

    since: float
    """What happened from then on counts; Unix seconds."""
    won: bool = False
    checks: tuple[Check, ...] = ()
    """What the last check found."""

    @property
    def ok(self) -> bool:
        """Whether the last check found everything as it must be."""
        return bool(self.checks) and all(check.ok for check in self.checks)


def progress_of(lab: Lab, challenge: Challenge) -> Progress:
    """As the lab's row has it; a challenge that was never begun counts from the lab's first moment."""
    kept = lab.challenges.get(challenge.id, {})
    checks = tuple(Check(**check) for check in kept.get("checks", ()))
    return Progress(kept.get("since", lab.created_at.timestamp()), bool(kept.get("won")), checks)


def begin(lab: Lab, challenge: Challenge) -> Progress:
    """Count from now on. A challenge that has been won stays won."""
    return _keep(lab, challenge, {"since": time.time(), "checks": []})


async def acheck(lab: Lab, challenge: Challenge) -> Progress:
    """Look whether the goals are reached, and keep what was seen. The edge must be in use."""
    labs = await in_database(_labs, lab)
    since = progress_of(lab, challenge).since
    checks = await graded(labs, challenge, since)
    found: dict[str, Any] = {"since": since, "checks": [vars(check) for check in checks]}
    if checks and all(check.ok for check in checks):
        found["won"] = True
    return await in_database(_keep, lab, challenge, found)


def check(lab: Lab, challenge: Challenge) -> Progress:
    """`acheck` for synchronous code."""

    async def checked() -> Progress:
        async with edge_in_use():
            return await acheck(lab, challenge)

    return async_to_sync(checked)()


def twin_of(lab: Lab) -> Lab | None:
    """The naive twin that runs beside this lab in a comparison; None without one."""
    pairs = Comparison.objects.filter(pattern_lab=lab).select_related("naive_lab").order_by("-created_at")
    pair = pairs.first()
    return pair.naive_lab if pair is not None and pair.naive_lab.status == Status.READY else None


def _labs(lab: Lab) -> dict[Side, Lab]:
    labs: dict[Side, Lab] = {"pattern": lab}
    if (twin := twin_of(lab)) is not None:
        labs["naive"] = twin
    return labs


def _keep(lab: Lab, challenge: Challenge, found: Mapping[str, Any]) -> Progress:
    """Write one challenge's entry and leave the others, which another request may be writing."""
    with transaction.atomic():
        row = Lab.objects.select_for_update().get(pk=lab.pk)
        row.challenges[challenge.id] = {**row.challenges.get(challenge.id, {}), **found}
        row.save(update_fields=["challenges"])
    lab.challenges = row.challenges
    return progress_of(lab, challenge)
