"""Everything that changes a subscriber: each function is one short transaction and may be repeated."""

import enum
import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import batched

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from catalogue.newsletter.delivery import queue
from catalogue.newsletter.delivery.backoff import AWAY, Setbacks
from catalogue.newsletter.models import ConsentRecord, Delivery, Subscriber, SubscribeRequest
from catalogue.newsletter.subscribers import consent
from catalogue.newsletter.subscribers.addresses import Address
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from catalogue.newsletter.subscribers.tokens import Confirmation

# After the nth confirmation mail without a yes, this long until another may go to the same address. A visitor
# who types someone else's address again and again causes a handful of mails on the first day, then one a day.
COOLDOWNS = (
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
)
PENDING_KEPT = timedelta(days=30)
_CHUNK = 500


class Standing(enum.Enum):
    """What has become of the wish that a confirmation link stands for."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    VOID = "void"  # the person has unsubscribed since, or the request was forgotten


def cooldown(asks: int) -> timedelta:
    """How long an address is left alone after one more mail than so many without a yes."""
    return COOLDOWNS[min(asks, len(COOLDOWNS) - 1)]


def subscribe(address: Address, source: consent.Source, at: datetime | None = None) -> None:
    """Queue a confirmation. A confirmed subscriber and an address in its cooldown are left as they are.

    What this does, and how long it takes, depends on what is known of the address. So the mail loop calls it for what
    `requests` has kept; a form does not. `at` is when the person asked.
    """
    now = timezone.now()
    with transaction.atomic():
        Subscriber.objects.bulk_create(
            [Subscriber(address=address.text, key=address.key, created_at=now, next_ask_at=now)],
            ignore_conflicts=True,
        )
        subscriber = Subscriber.objects.get(key=address.key)
        subscriber.address = address.text
        _ask(subscriber, source, at)


def ask_again(wish: Confirmation, source: consent.Source) -> None:
    """Send a fresh link to someone whose old one has expired: the same as subscribing once more."""
    with transaction.atomic():
        subscriber = Subscriber.objects.filter(ref=wish.ref, epoch=wish.epoch).first()
        if subscriber:
            _ask(subscriber, source)


def _ask(subscriber: Subscriber, source: consent.Source, at: datetime | None = None) -> None:
    """Queue a confirmation unless the row, at the moment of the UPDATE, forbids it."""
    if suppression.blocks(subscriber.key):
        return
    now = timezone.now()
    may_ask = (
        Subscriber.objects.filter(pk=subscriber.pk, asks=subscriber.asks, next_ask_at__lte=now)
        .exclude(state=Subscriber.State.CONFIRMED)
        .update(
            state=Subscriber.State.PENDING,
            address=subscriber.address,
            asks=F("asks") + 1,
            next_ask_at=now + cooldown(subscriber.asks),
        )
    )
    if may_ask:
        consent.record(subscriber, ConsentRecord.Event.REQUESTED, source, at=at)
        queue.add(subscriber, Delivery.Kind.CONFIRMATION)


def standing(wish: Confirmation) -> Standing:
    """Reads only."""
    state = Subscriber.objects.filter(ref=wish.ref, epoch=wish.epoch).values_list("state", flat=True).first()
    match state:
        case Subscriber.State.PENDING:
            return Standing.WAITING
        case Subscriber.State.CONFIRMED:
            return Standing.CONFIRMED
        case _:
            return Standing.VOID


def confirm(wish: Confirmation) -> Standing:
    """Turn a pending request into a subscription and tell how the wish stands now."""
    now = timezone.now()
    with transaction.atomic():
        meant = Subscriber.objects.filter(ref=wish.ref, epoch=wish.epoch)
        if meant.filter(state=Subscriber.State.PENDING).update(
            state=Subscriber.State.CONFIRMED, confirmed_at=now, asks=0, next_ask_at=now
        ):
            subscriber = meant.get()
            suppression.lift_erasure(subscriber.key)
            consent.record(subscriber, ConsentRecord.Event.CONFIRMED)
            queue.suppress(subscriber, "confirmed meanwhile", kind=Delivery.Kind.CONFIRMATION)
        return standing(wish)


def unsubscribe(ref: uuid.UUID) -> None:
    """End a subscription or a request for one, and take back what is queued for it.

    A mail that a sender is just handing over cannot be called back: it is waited for, so that none comes after the
    answer.
    """
    _end(ref)
    subscriber = Subscriber.objects.filter(ref=ref).first()
    # From its mark to its last byte a mail waits for two answers of its server (to RCPT and DATA).
    deadline = time.monotonic() + 2 * settings.SMTP_TIMEOUT + 5
    while subscriber is not None and queue.on_the_wire(subscriber) and time.monotonic() < deadline:
        time.sleep(0.01)


def _end(ref: uuid.UUID) -> None:
    with transaction.atomic():
        keys = Subscriber.objects.filter(ref=ref).values("key")
        SubscribeRequest.objects.filter(key__in=keys).delete()  # made before this, and not answered yet
        changed = (
            Subscriber.objects.filter(ref=ref)
            .exclude(state=Subscriber.State.UNSUBSCRIBED)
            .update(state=Subscriber.State.UNSUBSCRIBED, unsubscribed_at=timezone.now(), epoch=F("epoch") + 1)
        )
        if changed:
            subscriber = Subscriber.objects.get(ref=ref)
            consent.record(subscriber, ConsentRecord.Event.WITHDRAWN)
            queue.suppress(subscriber, "unsubscribed")


def forget_unconfirmed(setbacks: Setbacks | None = None) -> int:
    """Delete requests that no one confirmed in `PENDING_KEPT`: there is no consent to keep a record of.

    Returns how many. Where some cannot be deleted together, each is tried by itself, so that one keeps no other.
    """
    setbacks = Setbacks() if setbacks is None else setbacks
    forgotten = 0
    for some in batched(_unconfirmed().values_list("pk", flat=True), _CHUNK, strict=False):
        try:
            with transaction.atomic():
                forgotten += _forget(some)
        except AWAY:
            raise
        except Exception:
            for pk in some:
                if not setbacks.waits(("forget", pk)):
                    with setbacks.each(("forget", pk), f"Forgetting subscriber {pk}"), transaction.atomic():
                        forgotten += _forget([pk])
    return forgotten


def _unconfirmed() -> QuerySet[Subscriber]:
    return Subscriber.objects.filter(
        state=Subscriber.State.PENDING,
        confirmed_at=None,
        unsubscribed_at=None,
        next_ask_at__lt=timezone.now() - PENDING_KEPT,
    ).exclude(deliveries__state__in=Delivery.OPEN)


def _forget(pks: Sequence[int]) -> int:
    _unconfirmed().filter(pk__in=pks).delete()
    return len(pks) - Subscriber.objects.filter(pk__in=pks).count()
