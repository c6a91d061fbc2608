"""What a subscriber may decide without logging in: the link in each mail is their authority."""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from math import ceil
from typing import Any

from django.db import transaction
from django.db.models import F, Model, Q
from django.utils import timezone

from catalogue.newsletter import services
from catalogue.newsletter.delivery import queue
from catalogue.newsletter.models import (
    ConsentRecord,
    Delivery,
    Level,
    Subscriber,
    SubscribeRequest,
    Suppression,
    Topic,
    Update,
)
from catalogue.newsletter.subscribers import consent, limits
from catalogue.newsletter.subscribers.addresses import Address
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from catalogue.newsletter.subscribers.tokens import Move

PAUSES = (30, 90, 180)
"""Days for which updates may be paused."""
_CONFIRMED = Subscriber.State.CONFIRMED


def known(ref: uuid.UUID) -> Subscriber | None:
    """Who the link belongs to, subscribed or not: their data are theirs as long as we keep them."""
    return Subscriber.objects.filter(ref=ref).prefetch_related("topics").first()


def choose(person: Subscriber, levels: Iterable[int], topics: Iterable[str], *, revisions: bool) -> bool:
    """Set which updates come. No topic means all topics. False if the person has left meanwhile."""
    with transaction.atomic():
        changed = Subscriber.objects.filter(pk=person.pk, state=_CONFIRMED).update(
            levels=sum({Level.of(level).value for level in levels}), revisions=revisions
        )
        if changed:
            wanted = set(topics)
            person.topics.exclude(service__in=wanted).delete()
            Topic.objects.bulk_create(
                [Topic(subscriber=person, service=service) for service in sorted(wanted)], ignore_conflicts=True
            )
            _suppress_unwanted(person)
    return bool(changed)


def pause(person: Subscriber, days: int) -> bool:
    """Send no update for so many days; 0 ends the pause. What is queued already is taken back."""
    until = timezone.now() + timedelta(days=days) if days else None
    with transaction.atomic():
        changed = Subscriber.objects.filter(pk=person.pk, state=_CONFIRMED).update(paused_until=until)
        if changed and until:
            queue.suppress(person, "paused", kind=Delivery.Kind.UPDATE)
    return bool(changed)


def _suppress_unwanted(person: Subscriber) -> None:
    """Take back queued mail about updates that this person no longer wants."""
    # It loads what reads content, which not every process needs.
    from catalogue.newsletter.mail.updates import audience

    waiting = Delivery.objects.filter(subscriber=person, state__in=Delivery.OPEN, update_sent__isnull=False)
    for update in Update.objects.filter(deliveries__in=waiting).distinct():
        if not audience(update).filter(pk=person.pk).exists():
            waiting.filter(update_sent=update, wire_at=None).update(
                state=Delivery.State.SUPPRESSED, lease=None, error="no longer chosen", finished_at=timezone.now()
            )


class NotAsked(Exception):
    """The wish to move was not taken; the message is fit for the person."""

    wait: int = 0
    """Seconds after which it may be asked again."""


def ask_to_move(person: Subscriber, address: Address) -> None:
    """Send a link to the new address. Raises NotAsked.

    The cooldown is that of subscribing, for the person who asks and for the address that would get the mail. Whether
    that address may get mail is not told: an address that is suppressed, or waits for another person's mail, costs the
    same cooldown as any other, and the person is refused for reasons of their own row alone.
    """
    if address.key == person.key:
        raise NotAsked("This address already gets the updates.")
    now = timezone.now()
    asked_by_others = Subscriber.objects.filter(
        Q(key=address.key) | Q(new_key=address.key), next_ask_at__gt=now
    ).exclude(pk=person.pk)
    with transaction.atomic():
        asked_by_form = SubscribeRequest.objects.filter(key=address.key)
        mailed = not (suppression.blocks(address.key) or asked_by_others.exists() or asked_by_form.exists())
        asked = Subscriber.objects.filter(
            pk=person.pk, state=_CONFIRMED, asks=person.asks, next_ask_at__lte=now
        ).update(
            new_address=address.text,
            new_key=address.key,
            asks=F("asks") + 1,
            next_ask_at=now + services.cooldown(person.asks),
        )
        if asked:
            consent.record(person, ConsentRecord.Event.MOVE_ASKED, address=address.text)
            if mailed:
                queue.add(person, Delivery.Kind.MOVE)
            else:
                # One that waits would go to the address of the row, which is now this.
                queue.suppress(person, "another address was asked for", kind=Delivery.Kind.MOVE)
            return
    raise _too_soon(person)


def _too_soon(person: Subscriber) -> NotAsked:
    person.refresh_from_db()
    wait = max(1, ceil((person.next_ask_at - timezone.now()).total_seconds()))
    before = f" to {masked(person.new_address)}" if person.new_address else ""
    refusal = NotAsked(
        f"You asked for a link{before} a moment ago. To protect mailboxes, you can ask for the next one "
        f"in {limits.in_words(wait)}."
    )
    refusal.wait = wait
    return refusal


def masked(address: str) -> str:
    """Enough of an address for its owner to see a slip of the finger: its first letter and its domain."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def moving(wish: Move) -> Subscriber | None:
    """The subscriber whose move the link would complete, if it still may: the address may be suppressed meanwhile."""
    if suppression.blocks(wish.new_key):
        return None
    return Subscriber.objects.filter(ref=wish.ref, new_key=wish.new_key, state=_CONFIRMED).first()


def moved(wish: Move) -> bool:
    """Whether mail goes to the new address already."""
    return Subscriber.objects.filter(ref=wish.ref, key=wish.new_key, state=_CONFIRMED).exists()


def move(wish: Move) -> bool:
    """Let mail go to the confirmed new address. A row that stood for that address before is merged into this one,
    its consent records too.

    False if the link is void: another address was asked for since, the new one was suppressed, or the person has left.
    """
    with transaction.atomic():
        person = moving(wish)
        if person is None:
            return moved(wish)
        before = Subscriber.objects.filter(key=wish.new_key).exclude(pk=person.pk)
        ConsentRecord.objects.filter(subscriber__in=before).hand_over(person)
        before.delete()
        Subscriber.objects.filter(pk=person.pk, new_key=wish.new_key).update(
            address=person.new_address, key=person.new_key, new_address="", new_key="", soft_bounces=0, asks=0
        )
        person.refresh_from_db()
        consent.record(person, ConsentRecord.Event.MOVED)
        return True


NOT_TOLD = {
    "id": "Rows are numbered in the order of subscription, so it would reveal the number of subscribers.",
    "subscriber_id": "The same number.",
    "update_sent_id": "An internal number. The subject of the mail is listed with it.",
    "lease": "The claim of a mail that is being sent, which only its sender may have.",
}
"""Columns that a person's data leave out, and why."""


def stored(person: Subscriber) -> dict[str, Any]:
    """All that is kept about a person, for them to take away: by column, the bits of levels and the version of
    a wording also as what they mean."""
    suppressed = suppression.row(person.key)
    mails = person.deliveries.select_related("update_sent").order_by("pk")
    return {
        **_columns(person),
        "levels": [int(level.label) for level in Level if person.levels & level],
        "topics": sorted(person.topics.values_list("service", flat=True)),
        "consent": [
            {**_columns(record), "wording": consent.WORDINGS[record.wording], "wording_version": record.wording}
            for record in person.consent.all()
        ],
        "mails": [
            {**_columns(mail), "about": mail.update_sent.subject if mail.update_sent else None} for mail in mails
        ],
        "requests": [_columns(request) for request in SubscribeRequest.objects.filter(key=person.key).order_by("pk")],
        "suppressed": _columns(suppressed) if suppressed else None,
    }


def _columns(row: Model) -> dict[str, Any]:
    names = (column.attname for column in row._meta.concrete_fields)
    return {name: getattr(row, name) for name in names if name not in NOT_TOLD}


def erase(person: Subscriber) -> None:
    """Forget the person. A keyed hash of the address stays, so that no import brings it back."""
    services.unsubscribe(person.ref)
    with transaction.atomic():
        suppression.remember(person.key, Suppression.Reason.ERASED)
        SubscribeRequest.objects.filter(key=person.key).delete()
        Subscriber.objects.filter(pk=person.pk).delete()
