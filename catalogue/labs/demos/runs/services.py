"""What changes kept and shared runs: keep one, share one, forget those whose time is over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalogue.labs.models import Lab, SharedRun
from catalogue.labs.models import Run as KeptRun

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.patterns.runs.document import Run

_A_DAY = timedelta(days=1)
_AT_ONCE = 500


class TooManyShared(Exception):
    """The owner has shared as many runs today as one may. `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            f"You have shared {settings.LABS_SHARES_PER_DAY} runs within a day, the limit for one visitor. "
            "Your existing links keep working."
        )
        self.retry_after = retry_after


def keep_run(lab: Lab, run: Run) -> KeptRun:
    """Store a redacted run of a lab, and forget the lab's oldest beyond LABS_RUNS_PER_LAB."""
    kept = KeptRun.objects.create(lab=lab, document=run.model_dump(mode="json"))
    newest = KeptRun.objects.filter(lab=lab).order_by("-created_at", "-pk").values_list("pk", flat=True)
    beyond = list(newest[settings.LABS_RUNS_PER_LAB : settings.LABS_RUNS_PER_LAB + _AT_ONCE])
    if beyond:
        KeptRun.objects.filter(pk__in=beyond).delete()
    return kept


def share_run(kept: KeptRun) -> SharedRun:
    """A copy of the run that anyone who has its link may see, for LABS_SHARE_DAYS. Shared again, it keeps its link.

    Raises TooManyShared.
    """
    now = timezone.now()
    owner = kept.lab.owner
    with transaction.atomic():
        # One share of an owner at a time, so that none slips past the limit; SQLite's transactions exclude each other.
        list(Lab.objects.select_for_update().filter(owner=owner).order_by("pk").values_list("pk"))
        shared = SharedRun.objects.filter(run=kept.pk).first()
        if shared is not None and shared.expires_at > now:
            return shared
        if shared is not None:
            shared.delete()
        today = SharedRun.objects.filter(owner=owner, created_at__gt=now - _A_DAY).order_by("created_at")
        if len(times := list(today.values_list("created_at", flat=True))) >= settings.LABS_SHARES_PER_DAY:
            first = times[-settings.LABS_SHARES_PER_DAY]
            raise TooManyShared(max(1, int((first + _A_DAY - now).total_seconds()) + 1))
        return SharedRun.objects.create(
            run=kept.pk,
            owner=owner,
            document=kept.document,
            created_at=now,
            expires_at=now + timedelta(days=settings.LABS_SHARE_DAYS),
        )


def forget_shared_runs() -> None:
    """Empty the shared runs whose time is over. Their addresses say so for as long again, and are then unknown."""
    now = timezone.now()
    SharedRun.objects.filter(expires_at__lte=now).exclude(document={}).update(document={})
    SharedRun.objects.filter(expires_at__lte=now - timedelta(days=settings.LABS_SHARE_DAYS)).delete()
