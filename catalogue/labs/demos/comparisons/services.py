"""Everything that changes a comparison: made with its two labs, claimed for a run, its result kept, deleted."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from catalogue.labs.demos.comparisons.conduct import NAMES, RunFailed, conduct
from catalogue.labs.demos.comparisons.results.claims import OTHER
from catalogue.labs.demos.comparisons.results.result import SIDES, Json
from catalogue.labs.lifecycle import limits
from catalogue.labs.lifecycle.packaging.zips import Variant
from catalogue.labs.lifecycle.services import Created, admitted, create_lab, delete_lab, end_lab, refresh_lab
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Comparison, Lab, Status
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.comparison import Side

State = Comparison.State

_GRACE_SECONDS = 30
"""After its time a run counts as broken off, though no one has said so: its process is gone."""


@dataclass(frozen=True)
class CreatedComparison:
    comparison: Comparison
    tokens: Mapping[Side, str]
    """Each lab's Bearer token; either manages the comparison."""


class NotNow(Exception):
    """No run can begin at the moment. `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def create_comparison(pattern: Pattern, owner: str, client: str = "") -> CreatedComparison:
    """Deploy the pattern and its naive twin for this visitor, both at the same time.

    Raises LimitReached before anything is made if there is no room for two, TargetDown. Where one of the two cannot
    be made, the other is deleted; a deployment that AWS refuses gives a comparison with state failed and its reason.
    """
    with admitted(limits.digest(owner), client, wanted=2) as (_, gate):
        if gate is not None:
            gate(2, 2)
    made = _both(pattern, owner, client)
    comparison = Comparison.objects.create(pattern_lab=made["pattern"].lab, naive_lab=made["naive"].lab)
    tokens = {side: created.token for side, created in made.items()}
    return CreatedComparison(refresh_comparison(comparison), tokens)


def _both(pattern: Pattern, owner: str, client: str) -> dict[Side, Created]:
    """Both labs. If one raises, the other is deleted and the exception goes on."""
    with ThreadPoolExecutor(len(SIDES), thread_name_prefix="comparison") as threads:
        futures = {side: threads.submit(_create, pattern, owner, side, client) for side in SIDES}
    errors = [error for future in futures.values() if (error := future.exception()) is not None]
    if errors:
        for future in futures.values():
            if future.exception() is None:
                end_lab(future.result().lab, "Its twin could not be created.")
        raise errors[0]
    return {side: future.result() for side, future in futures.items()}


def _create(pattern: Pattern, owner: str, variant: Variant, client: str) -> Created:
    try:
        return create_lab(pattern, owner, variant, client, exclusive=True)
    finally:
        connection.close()


def labs_of(comparison: Comparison) -> dict[Side, Lab]:
    return {"pattern": comparison.pattern_lab, "naive": comparison.naive_lab}


def refresh_comparison(comparison: Comparison) -> Comparison:
    """Bring both labs up to what AWS says. If one could not be deployed, the other has no purpose and is deleted."""
    for lab in labs_of(comparison).values():
        refresh_lab(lab)
    for side, lab in labs_of(comparison).items():
        if lab.status == Status.FAILED and comparison.state == State.READY:
            reason = f"The lab of {NAMES[side]} could not be deployed: {lab.reason}"
            Comparison.objects.filter(pk=comparison.pk, state=State.READY).update(state=State.FAILED, reason=reason)
            end_lab(labs_of(comparison)[OTHER[side]], "Its twin could not be deployed.")
    comparison.refresh_from_db()
    return comparison


def claim_run(comparison: Comparison) -> datetime:
    """Take the comparison for one run; the moment returned is what names this run to `keep_result` and `give_up`.

    Raises NotNow while it is running already, or while as many run on this machine as may.
    """
    now = timezone.now()
    over = now - timedelta(seconds=settings.LABS_COMPARISON_SECONDS + _GRACE_SECONDS)
    with transaction.atomic():
        running = Comparison.objects.filter(state=State.RUNNING, started_at__gt=over).exclude(pk=comparison.pk)
        if running.count() >= settings.LABS_COMPARISONS_AT_ONCE:
            raise NotNow("This machine is running as many comparisons as it allows. One of them ends soon.", 10)
        claimed = (
            Comparison.objects.filter(pk=comparison.pk)
            .exclude(Q(state=State.RUNNING) & Q(started_at__gt=over))
            .update(state=State.RUNNING, reason="", started_at=now)
        )
    if not claimed:
        raise NotNow("This comparison is already running. Wait for it to finish.", 5)
    return now


async def run_comparison(comparison: Comparison, pattern: Pattern, claim: datetime) -> None:
    """Run it and keep what came of it, as its result or as the reason why there is none."""
    try:
        result = await conduct(labs_of(comparison), pattern, settings.LABS_COMPARISON_SECONDS)
    except RunFailed as error:
        await in_database(give_up, comparison, claim, str(error))
    except BaseException:
        await in_database(give_up, comparison, claim, "The run was stopped by an error on our side.")
        raise
    else:
        await in_database(keep_result, comparison, claim, result)


def keep_result(comparison: Comparison, claim: datetime, result: Json) -> bool:
    """False if someone else has claimed the comparison since."""
    own = Comparison.objects.filter(pk=comparison.pk, state=State.RUNNING, started_at=claim)
    return bool(own.update(state=State.DONE, result=result, reason=""))


def give_up(comparison: Comparison, claim: datetime, reason: str) -> bool:
    """End the run without a result; that of an earlier run stays."""
    own = Comparison.objects.filter(pk=comparison.pk, state=State.RUNNING, started_at=claim)
    return bool(own.update(state=State.FAILED, reason=reason[:2000]))


def delete_comparison(comparison: Comparison) -> None:
    """Delete both labs at their owner's wish; the comparison's figures stay readable as long as its row does."""
    for lab in labs_of(comparison).values():
        delete_lab(lab)
