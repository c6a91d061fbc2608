"""Whether the AWS account takes another lab: its budget, its quotas, and how many labs were started in the last hour.

What AWS reports is read outside of any lock, at a bounded rate, and kept; the decision is made inside the lock that
admits labs one after the other, with what the database says at that moment.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from catalogue.base.target_names import AWS
from catalogue.labs.aws.limits import budget
from catalogue.labs.aws.limits.quotas import Usage, read_usage, room
from catalogue.labs.lifecycle.limits import LIVE, Gate, LimitReached
from catalogue.labs.models import LEASE_PREFIX, Lab
from catalogue.labs.targets.base import TargetDown

logger = logging.getLogger(__name__)

USAGE_SECONDS = 30.0
"""How long a reading of the account is good for in one process; labs made since are added to it."""
_HOUR = timedelta(hours=1)
_ROOM_RETRY_SECONDS = 60


@dataclass(frozen=True)
class _Reading:
    usage: Usage
    at: datetime
    until: float
    """On the monotonic clock."""


class AccountGate:
    """One for each target. `open()` asks AWS what is due and gives the gate for this admission."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._reading: _Reading | None = None

    def open(self) -> Gate:
        """Raises TargetDown if the account cannot be read: without knowing what it holds, nothing is added to it."""
        budget.read_if_due(self._client)
        with self._lock:  # one thread asks, the others wait for its answer
            reading = self._reading
            if reading is None or time.monotonic() >= reading.until:
                reading = self._reading = self._read()

        def refuse(labs: int, stacks: int) -> None:
            _refuse_past_budget(labs)
            if stacks:  # a lease on a shared stack makes none
                _refuse_too_many_starts(stacks)
                _refuse_without_room(reading, stacks)

        return refuse

    def _read(self) -> _Reading:
        at = timezone.now()
        try:
            usage = read_usage(self._client, settings.LABS_STACK_PREFIX)
        except (BotoCoreError, ClientError) as error:
            logger.warning("The AWS account cannot be read: %s", error)
            raise TargetDown("The number of labs in the AWS account cannot be read. Try again in a moment.") from error
        return _Reading(usage, at, time.monotonic() + USAGE_SECONDS)


def _refuse_past_budget(wanted: int) -> None:
    refusal = budget.judge(
        budget.spending(Lab.objects.filter(status__in=LIVE, emulator=AWS).count()),
        Decimal(settings.LABS_BUDGET_USD),
        reported=bool(settings.LABS_BUDGET_NAME),
        wanted=wanted,
        now=timezone.now(),
    )
    if refusal is not None:
        raise LimitReached(refusal.reason, refusal.retry_after, [])


def _refuse_too_many_starts(wanted: int) -> None:
    now, most = timezone.now(), settings.LABS_AWS_STARTS_PER_HOUR
    started = list(
        Lab.objects.filter(created_at__gt=now - _HOUR)
        .order_by("-created_at")
        .values_list("created_at", flat=True)[:most]
    )
    if len(started) + wanted > most:
        message = f"{most} labs an hour is the limit for this AWS account."
        frees = started[most - wanted] if 0 <= most - wanted < len(started) else now
        raise LimitReached(message, max(1, int((frees + _HOUR - now).total_seconds()) + 1), [])


def _refuse_without_room(reading: _Reading, wanted: int) -> None:
    found = room(reading.usage, settings.LABS_AWS_STACKS)
    since = _stacks().filter(created_at__gte=reading.at).count()
    if since + wanted > found.more:
        raise LimitReached(found.reason, _ROOM_RETRY_SECONDS, [])


def _stacks() -> QuerySet[Lab]:
    """Labs with a stack of their own on AWS."""
    return Lab.objects.filter(emulator=AWS).exclude(stack__startswith=LEASE_PREFIX)
