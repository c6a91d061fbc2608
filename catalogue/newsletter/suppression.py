"""Addresses that must get no mail. They are known by a keyed hash alone, which outlives the person's row."""

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from catalogue.newsletter import consent
from catalogue.newsletter.models import ConsentRecord, Delivery, Subscriber, Suppression

_EVENTS = {
    Suppression.Reason.COMPLAINT: ConsentRecord.Event.COMPLAINED,
    Suppression.Reason.HARD_BOUNCE: ConsentRecord.Event.BOUNCED,
    Suppression.Reason.SOFT_BOUNCES: ConsentRecord.Event.BOUNCED,
}


def key_hash(key: str) -> str:
    """The keyed hash of an address in its canonical form (`Address.key`)."""
    return salted_hmac("newsletter.suppression", key, algorithm="sha256").hexdigest()


def reason_for(key: str) -> Suppression.Reason | None:
    """Why this address must get no mail, if it must not."""
    found = Suppression.objects.filter(key_hash=key_hash(key)).values_list("reason", flat=True).first()
    return None if found is None else Suppression.Reason(found)


def blocks(key: str) -> bool:
    """Whether no mail may go to this address, not even one that asks. Who was erased may ask anew."""
    return reason_for(key) not in (None, Suppression.Reason.ERASED)


def lift_erasure(key: str) -> None:
    """The person who had asked to be forgotten has subscribed anew, and confirmed it."""
    Suppression.objects.filter(key_hash=key_hash(key), reason=Suppression.Reason.ERASED).delete()


def remember(key: str, reason: Suppression.Reason, detail: str = "") -> None:
    """Suppress an address; a reason that is known already stays, but for an erasure, which lets its owner ask anew."""
    told = {"reason": reason, "detail": detail[:300], "at": timezone.now()}
    Suppression.objects.bulk_create([Suppression(key_hash=key_hash(key), **told)], ignore_conflicts=True)
    if reason != Suppression.Reason.ERASED:
        Suppression.objects.filter(key_hash=key_hash(key), reason=Suppression.Reason.ERASED).update(**told)


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
