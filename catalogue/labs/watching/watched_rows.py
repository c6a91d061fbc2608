"""Queries about all watched labs at once. Plain reads, made in one of the labs' threads."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Max
from django.utils import timezone

from catalogue.labs.lifecycle.services import does_not_answer
from catalogue.labs.models import EdgeCall, Lab, Status
from catalogue.labs.targets import target_of
from catalogue.labs.targets.base import TargetDown
from catalogue.labs.watching.feed import CallRow

type Signature = tuple[Any, ...]
"""What of a lab's row changes while it is watched."""

MOST_ROWS = 1_000
_SIGNED = ("pk", "status", "used_at", "expires_at", "extended_at", "ready_at", "pulled", "reason", "content_hash")
_CALL = ("pk", "lab_id", "trace", "method", "path", "status", "ms", "at")


def latest_call() -> int:
    """The newest call's row of any lab; 0 if there is none. Read off the end of an index."""
    return EdgeCall.objects.aggregate(latest=Max("pk"))["latest"] or 0


def all_calls(lab_id: str) -> list[CallRow]:
    """What is kept of one lab's calls."""
    rows = EdgeCall.objects.filter(lab_id=lab_id).order_by("-pk").values_list(*_CALL)[:MOST_ROWS]
    return [CallRow(*row) for row in reversed(rows)]


def calls_since(after: int, lab_ids: Collection[str]) -> dict[str, list[CallRow]]:
    """The first thousand calls of these labs past a row, by lab."""
    rows = EdgeCall.objects.filter(pk__gt=after, lab_id__in=lab_ids).order_by("pk").values_list(*_CALL)[:MOST_ROWS]
    by_lab: dict[str, list[CallRow]] = defaultdict(list)
    for row in rows:
        by_lab[row[1]].append(CallRow(*row))
    return by_lab


def signatures(lab_ids: Collection[str]) -> dict[str, Signature]:
    """By id, of the labs that there are."""
    return {row[0]: row for row in Lab.objects.filter(pk__in=lab_ids).values_list(*_SIGNED)}


def labs_of(lab_ids: Collection[str]) -> dict[str, Lab]:
    return Lab.objects.in_bulk(lab_ids) if lab_ids else {}


def overtaken(labs: Iterable[Lab]) -> list[Lab]:
    """Labs whose row AWS or the clock may have overtaken: deploying, past their time, or of another boot."""
    now = timezone.now()
    lost: dict[tuple[str, str, str], bool] = {}
    found = []
    for lab in labs:
        boot = (lab.emulator, lab.endpoint, lab.boot_id)
        if boot not in lost:
            lost[boot] = _is_lost(lab)
        if lab.status == Status.DEPLOYING or lab.expires_at <= now or lost[boot]:
            found.append(lab)
    return found


def troubles(labs: Iterable[Lab]) -> dict[str, str]:
    """By the ids of these labs, why the AWS of each does not answer; empty if it does."""
    return {lab.pk: does_not_answer(lab) for lab in labs}


def _is_lost(lab: Lab) -> bool:
    try:
        return target_of(lab).boot_id() != lab.boot_id
    except TargetDown:
        return False
