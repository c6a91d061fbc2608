"""Addresses that must get no mail. They are known by a keyed hash alone, which outlives the person's row."""

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from catalogue.newsletter.models import ConsentRecord, Delivery, Subscriber, Suppression
from catalogue.newsletter.subscribers import consent
from catalogue.newsletter.subscribers.suppression import keys as suppression_keys

_EVENTS = {
    Suppression.Reason.COMPLAINT: ConsentRecord.Event.COMPLAINED,
    Suppression.Reason.HARD_BOUNCE: ConsentRecord.Event.BOUNCED,
    Suppression.Reason.SOFT_BOUNCES: ConsentRecord.Event.BOUNCED,
}


def hashes(key: str) -> list[str]:
    """The hashes by which an address (its `Address.key`) may be known: one for each key that is set."""
    return [one.hash(key) for one in suppression_keys.configured()]


def row(key: str) -> Suppression | None:
    """What is known of an address, by any key; a reason that forbids all mail before an erasure. Raises WrongKey."""
    suppression_keys.require_once()
    found = list(Suppression.objects.filter(key_hash__in=hashes(key)))
    return min(found, key=lambda one: one.reason == Suppression.Reason.ERASED, default=None)


def reason_for(key: str) -> Suppression.Reason | None:
    """Why this address must get no mail, if it must not. Raises WrongKey."""
    found = row(key)
    return None if found is None else Suppression.Reason(found.reason)


def blocks(key: str) -> bool:
    """Whether no mail may go to this address, not even one that asks. Who was erased may ask again."""
    return reason_for(key) not in (None, Suppression.Reason.ERASED)


def lift_erasure(key: str) -> None:
    """The person who had asked to be forgotten has subscribed again, and confirmed it."""
    Suppression.objects.filter(key_hash__in=hashes(key), reason=Suppression.Reason.ERASED).delete()


def remember(key: str, reason: Suppression.Reason, detail: str = "") -> None:
    """Suppress an address; a reason that is known already stays, but for an erasure, which lets its owner ask again."""
    told = {"reason": reason, "detail": detail[:300], "at": timezone.now()}
    if row(key) is None:
        current = suppression_keys.configured()[0]
        new = Suppression(key_hash=current.hash(key), key_id=current.id, **told)
        Suppression.objects.bulk_create([new], ignore_conflicts=True)
    if reason != Suppression.Reason.ERASED:
        Suppression.objects.filter(key_hash__in=hashes(key), reason=Suppression.Reason.ERASED).update(**told)


def suppress(subscriber: Subscriber, reason: Suppression.Reason, detail: str = "") -> None:
    """Suppress a subscriber's address, end the subscription and take back what is queued for it."""
    now = timezone.now()
    remember(subscriber.key, reason, detail)
    left = (
        Subscriber.objects.filter(pk=subscriber.pk)
        .exclude(state=Subscriber.State.UNSUBSCRIBED)
        .update(state=Subscriber.State.UNSUBSCRIBED, unsubscribed_at=now, epoch=F("epoch") + 1)
    )
    if left:
        consent.record(subscriber, _EVENTS.get(reason, ConsentRecord.Event.WITHDRAWN))
    _take_back(Delivery.objects.filter(subscriber=subscriber), f"suppressed: {reason.label}")


def move_failed(subscriber: Subscriber, key: str, reason: Suppression.Reason, detail: str = "") -> None:
    """Suppress a new address that was asked for (its `Address.key`) and give up the wish to move there.

    For what a mail of the kind *move* is answered: the subscription at the old address stays as it is. A wish for
    yet another address, made since, stays too.
    """
    with transaction.atomic():
        remember(key, reason, detail)
        given_up = Subscriber.objects.filter(pk=subscriber.pk, new_key=key).update(new_address="", new_key="")
        if given_up:
            moves = Delivery.objects.filter(subscriber=subscriber, kind=Delivery.Kind.MOVE)
            _take_back(moves, f"new address suppressed: {reason.label}")


def _take_back(mails: QuerySet[Delivery], why: str) -> None:
    mails.filter(state__in=Delivery.OPEN, wire_at=None).update(
        state=Delivery.State.SUPPRESSED, lease=None, error=why, finished_at=timezone.now()
    )
