"""The queue of outgoing mail: rows, and the few UPDATEs that move them.

A sender claims rows for the length of a lease by one UPDATE that repeats the condition under which it found
them, so two senders never hold the same row. Every later step is guarded by that lease: a sender that was too
slow, and lost its row to another, can neither send it nor settle it. A sender that was killed leaves its rows
in flight; when their lease ends they are due again.
"""

import random
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from catalogue.newsletter import consent
from catalogue.newsletter.models import ConsentRecord, Delivery, Subscriber

LEASE = timedelta(minutes=5)  # longer than any one attempt: a check compares it with the mail server's timeout
MAX_ATTEMPTS = 12  # over about eighteen hours
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)
_State = Delivery.State


@dataclass(frozen=True)
class Claim:
    lease: uuid.UUID
    deliveries: list[Delivery]


def add(subscriber: Subscriber, kind: Delivery.Kind) -> None:
    """Queue a mail; a subscriber with a confirmation still on its way gets no second one."""
    now = timezone.now()
    Delivery.objects.bulk_create(
        [Delivery(subscriber=subscriber, kind=kind, due_at=now, created_at=now)], ignore_conflicts=True
    )


def suppress(subscriber: Subscriber, reason: str, *, kind: Delivery.Kind | None = None) -> None:
    """Take back what has not been sent."""
    waiting = Delivery.objects.filter(subscriber=subscriber, state__in=Delivery.OPEN)
    if kind:
        waiting = waiting.filter(kind=kind)
    waiting.update(state=_State.SUPPRESSED, lease=None, error=reason, finished_at=timezone.now())


def any_due() -> bool:
    return Delivery.objects.filter(state__in=Delivery.OPEN, due_at__lte=timezone.now()).exists()


def claim(most: int) -> Claim:
    """Take up to `most` due rows, oldest first."""
    now = timezone.now()
    due = Delivery.objects.filter(state__in=Delivery.OPEN, due_at__lte=now)
    found = list(due.order_by("due_at", "pk").values_list("pk", flat=True)[:most])
    lease = uuid.uuid4()
    if not found or not due.filter(pk__in=found).update(state=_State.IN_FLIGHT, lease=lease, due_at=now + LEASE):
        return Claim(lease, [])
    held = Delivery.objects.filter(lease=lease).select_related("subscriber").order_by("pk")
    return Claim(lease, list(held))


def begin(delivery: Delivery) -> bool:
    """Count an attempt and start the lease anew. False: the row is no longer ours, or no longer wanted."""
    return bool(_held(delivery).update(attempts=F("attempts") + 1, due_at=timezone.now() + LEASE, error=""))


def settle_sent(delivery: Delivery) -> None:
    with transaction.atomic():
        if _held(delivery).update(state=_State.SENT, lease=None, finished_at=timezone.now()):
            consent.record(delivery.subscriber, ConsentRecord.Event.MAILED)


def settle_failed(delivery: Delivery, error: str) -> None:
    _held(delivery).update(state=_State.FAILED, lease=None, error=error, finished_at=timezone.now())


def settle_retry(delivery: Delivery, error: str) -> None:
    """Put it back for later, or give up after `MAX_ATTEMPTS`."""
    attempts = delivery.attempts + 1
    if attempts >= MAX_ATTEMPTS:
        settle_failed(delivery, error)
        return
    due_at = timezone.now() + pause(attempts, random.random())  # noqa: S311  (spreads load, guards nothing)
    _held(delivery).update(state=_State.RETRY, lease=None, error=error, due_at=due_at)


def release(claim: Claim) -> None:
    """Give back what was claimed and not begun, as if it had never been taken."""
    now = timezone.now()
    rest = Delivery.objects.filter(lease=claim.lease, state=_State.IN_FLIGHT)
    rest.filter(attempts=0).update(state=_State.QUEUED, lease=None, due_at=now)
    rest.exclude(attempts=0).update(state=_State.RETRY, lease=None, due_at=now)


def pause(attempts: int, chance: float) -> timedelta:
    """How long to wait after so many attempts: doubling, capped, of which at least half and at most all."""
    whole = min(FIRST_PAUSE * 2.0 ** (attempts - 1), LONGEST_PAUSE)
    return whole * (0.5 + chance / 2)


def _held(delivery: Delivery) -> models.QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk, lease=delivery.lease, state=_State.IN_FLIGHT)
