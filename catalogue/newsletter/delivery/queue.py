"""The queue of outgoing mail: rows, and the few UPDATEs that move them.

A sender claims rows for the length of a lease by one UPDATE that repeats the condition under which it found
them, so two senders never hold the same row. Every later step is guarded by that lease: a sender that was too
slow, and lost its row to another, can neither send it nor settle it. `begin` marks a row as on the wire right
before its content may reach a server, and commits that. A sender that was killed leaves its rows in flight; when
their lease ends, those that were not on the wire are due again as if nothing had happened, and those that were,
at most one a connection, are sent again or held, as NEWSLETTER_IN_DOUBT says.
"""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F
from django.utils import timezone

from catalogue.newsletter.delivery.sending import statements as journal
from catalogue.newsletter.delivery.sending.outcomes import Outcome, Result
from catalogue.newsletter.models import ConsentRecord, Delivery, Subscriber, Suppression, Update
from catalogue.newsletter.subscribers import consent
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from catalogue.observability.requests.request_context import current

MAX_ATTEMPTS = 12  # over about eighteen hours
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)
CONNECTION_PAUSE = timedelta(seconds=1)  # until a mail is tried elsewhere, when its connection was no good
_State = Delivery.State
_CONFIRMED = Subscriber.State.CONFIRMED


@dataclass(frozen=True)
class Claim:
    lease: uuid.UUID
    deliveries: list[Delivery] = field(default_factory=list)


def lease_time() -> timedelta:
    """Longer than any one attempt: a check compares it with the mail server's timeout."""
    return timedelta(seconds=settings.NEWSLETTER_LEASE_SECONDS)


def add(subscriber: Subscriber, kind: Delivery.Kind) -> None:
    """Queue a mail that belongs to no update; a subscriber with one of the kind on its way gets no second."""
    now = timezone.now()
    Delivery.objects.bulk_create(
        [Delivery(subscriber=subscriber, kind=kind, due_at=now, created_at=now, request_id=current().request_id)],
        ignore_conflicts=True,
    )


def suppress(subscriber: Subscriber, reason: str, *, kind: Delivery.Kind | None = None) -> None:
    """Take back what is not on the wire yet."""
    waiting = Delivery.objects.filter(subscriber=subscriber, state__in=Delivery.OPEN, wire_at=None)
    if kind:
        waiting = waiting.filter(kind=kind)
    waiting.update(state=_State.SUPPRESSED, lease=None, error=reason, finished_at=timezone.now())


def on_the_wire(subscriber: Subscriber) -> bool:
    """Whether a mail to this person is just being handed over, by a sender whose lease is good."""
    return Delivery.objects.filter(
        subscriber=subscriber, state=_State.IN_FLIGHT, wire_at__isnull=False, due_at__gt=timezone.now()
    ).exists()


def any_due(*, updates: bool = True) -> bool:
    """Whether a sender has anything to do; without `updates`, only whether someone waits for a mail."""
    return any(_due(update).exists() for update in _open_updates(updates))


def claim(most: int, *, updates: bool = True) -> Claim:
    """Take up to `most` due rows: mail that someone waits for first, then the updates, oldest first."""
    lease = uuid.uuid4()
    found: list[int] = []
    now = timezone.now()
    for update in _open_updates(updates):
        if len(found) < most:
            found += _claim(update, lease, most - len(found), now + lease_time())
    if not found:
        return Claim(lease)
    # An update's long texts are read once, not once a row.
    texts = models.Prefetch("update_sent", Update.objects.defer("services"))
    held = Delivery.objects.filter(lease=lease).select_related("subscriber").prefetch_related(texts)
    place = {pk: number for number, pk in enumerate(found)}
    return Claim(lease, sorted(held, key=lambda row: place[row.pk]))


def _open_updates(updates: bool) -> list[int | None]:
    """None stands for mail that belongs to no update."""
    if not updates:
        return [None]
    sending = Update.objects.filter(state=Update.State.SENDING).order_by("released_at", "pk")
    return [None, *sending.values_list("pk", flat=True)]


def _due(update: int | None) -> models.QuerySet[Delivery]:
    """Found by an index that holds open rows in this order, so that the length of the queue does not matter."""
    return Delivery.objects.filter(
        update_sent=update, finished_at=None, state__in=Delivery.OPEN, due_at__lte=timezone.now()
    )


def _claim(update: int | None, lease: uuid.UUID, most: int, until: datetime) -> list[int]:
    """The keys of what was found, in the order in which it is due; what another took meanwhile is among them."""
    with transaction.atomic():
        wanted = _due(update).order_by("due_at", "pk")
        if connection.features.has_select_for_update_skip_locked:
            wanted = wanted.select_for_update(skip_locked=True, of=("self",))
        found = list(wanted.values_list("pk", "wire_at")[:most])
        if not found:
            return []
        doubtful = [pk for pk, wire_at in found if wire_at is not None]
        if doubtful:
            _take_over(_still_due(doubtful))
        pks = [pk for pk, _ in found]
        _still_due(pks).update(state=_State.IN_FLIGHT, lease=lease, due_at=until, wire_at=None)
        return pks


def _still_due(pks: list[int]) -> models.QuerySet[Delivery]:
    """The same condition once more, in the words that find a few rows by their keys."""
    return Delivery.objects.filter(pk__in=pks, state__in=Delivery.OPEN, due_at__lte=timezone.now())


def _take_over(doubtful: models.QuerySet[Delivery]) -> None:
    """Rows whose sender died while they were on the wire."""
    reason = "The sender was interrupted while this mail was on the wire."
    if settings.NEWSLETTER_IN_DOUBT == "hold":
        doubtful.update(state=_State.IN_DOUBT, lease=None, error=reason, finished_at=timezone.now())
        return
    doubtful.filter(attempts__gte=MAX_ATTEMPTS - 1).update(
        state=_State.FAILED, lease=None, error=reason, attempts=F("attempts") + 1, finished_at=timezone.now()
    )
    doubtful.update(attempts=F("attempts") + 1, error=reason)


def begin(delivery: Delivery) -> bool:
    """Mark the row as on the wire and start its lease again.

    False: the row is no longer ours, its reader has left, or its update was paused. Nothing may be sent then.
    """
    now = timezone.now()
    if delivery.update_sent_id is not None:
        return journal.begin(delivery, now, now + lease_time())
    return bool(_held(delivery).update(wire_at=now, due_at=now + lease_time()))


def settle(delivery: Delivery, result: Result) -> None:
    """Write down what became of an attempt. Without effect if the row is no longer ours."""
    match result.outcome:
        case Outcome.SENT:
            _settle_sent(delivery, result)
        case Outcome.PERMANENT | Outcome.NO_SUCH_MAILBOX:
            failed = _finish(delivery, _State.FAILED, result.detail)
            if failed and result.outcome is Outcome.NO_SUCH_MAILBOX:
                _suppress_address(delivery, result.detail)
        case Outcome.TEMPORARY:
            _settle_retry(delivery, result.detail)
        case Outcome.IN_DOUBT if settings.NEWSLETTER_IN_DOUBT == "hold":
            _finish(delivery, _State.IN_DOUBT, result.detail)
        case Outcome.IN_DOUBT:
            _settle_retry(delivery, result.detail)
        case Outcome.THROTTLED | Outcome.CONNECTION:
            _put_back(_held(delivery), result.detail, CONNECTION_PAUSE)
        case Outcome.UNWRITABLE:
            if delivery.update_sent_id is not None:
                _hold_update(delivery.update_sent_id, result.detail)
            _put_back(_held(delivery), result.detail)
        case Outcome.WITHDRAWN:
            gone = _held(delivery).filter(kind=Delivery.Kind.UPDATE).exclude(subscriber__state=_CONFIRMED)
            gone.update(state=_State.SUPPRESSED, lease=None, wire_at=None, error="left", finished_at=timezone.now())
            _put_back(_held(delivery), "")


def _settle_sent(delivery: Delivery, result: Result) -> None:
    sent = journal.sent(delivery, result.provider_id, timezone.now())
    if sent and delivery.update_sent_id is None:
        to = delivery.subscriber.new_address if delivery.kind == Delivery.Kind.MOVE else ""
        consent.record(delivery.subscriber, ConsentRecord.Event.MAILED, address=to)


def _hold_update(pk: int, why: str) -> None:
    """Stop an update of which no copy can be written. Its mails stay queued, for when an editor resumes it."""
    Update.objects.filter(pk=pk, state=Update.State.SENDING).update(
        state=Update.State.PAUSED, trouble=f"Stopped: its mails cannot be rendered. {why}"
    )


def _suppress_address(delivery: Delivery, said: str) -> None:
    """The address that the mail went to: of a wish to move, that is the new one alone."""
    person = delivery.subscriber
    if delivery.kind == Delivery.Kind.MOVE:
        suppression.move_failed(person, person.new_key, Suppression.Reason.HARD_BOUNCE, said)
    else:
        suppression.suppress(person, Suppression.Reason.HARD_BOUNCE, said)


def _finish(delivery: Delivery, state: Delivery.State, error: str) -> bool:
    return bool(
        _held(delivery).update(
            state=state, lease=None, wire_at=None, attempts=F("attempts") + 1, error=error, finished_at=timezone.now()
        )
    )


def _settle_retry(delivery: Delivery, error: str) -> None:
    """Put it back for later, or give up after `MAX_ATTEMPTS`."""
    attempts = delivery.attempts + 1
    if attempts >= MAX_ATTEMPTS:
        _finish(delivery, _State.FAILED, error)
        return
    due_at = timezone.now() + pause(attempts, random.random())  # noqa: S311  (spreads load, guards nothing)
    _held(delivery).update(
        state=_State.RETRY, lease=None, wire_at=None, attempts=F("attempts") + 1, error=error, due_at=due_at
    )


def release(claim: Claim) -> None:
    """Give back what was claimed and not begun, as if it had never been taken."""
    _put_back(Delivery.objects.filter(lease=claim.lease, state=_State.IN_FLIGHT, wire_at=None), "")


def _put_back(rows: models.QuerySet[Delivery], error: str, pause: timedelta = timedelta()) -> None:
    values = {"lease": None, "wire_at": None, "due_at": timezone.now() + pause, "error": error}
    untried = rows.filter(attempts=0)
    pks: Sequence[int] = list(rows.exclude(attempts=0).values_list("pk", flat=True))
    untried.update(state=_State.QUEUED, **values)
    if pks:
        rows.filter(pk__in=pks).update(state=_State.RETRY, **values)


def pause(attempts: int, chance: float) -> timedelta:
    """How long to wait after so many attempts: doubling, capped, of which at least half and at most all."""
    whole = min(FIRST_PAUSE * 2.0 ** (attempts - 1), LONGEST_PAUSE)
    return whole * (0.5 + chance / 2)


def _held(delivery: Delivery) -> models.QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk, lease=delivery.lease, state=_State.IN_FLIGHT)


def open_of(update: Update | int) -> models.QuerySet[Delivery]:
    """What of an update is still to be sent."""
    return Delivery.objects.filter(update_sent=update, state__in=Delivery.OPEN)
