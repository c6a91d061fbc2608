"""What a bounce or complaint changes. Each SNS message acts once, however often it is delivered."""

import logging

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from catalogue.newsletter.delivery.backoff import AWAY, in_words
from catalogue.newsletter.delivery.feedback.events import Event, Kind
from catalogue.newsletter.delivery.feedback.reports import Report
from catalogue.newsletter.models import ConsentRecord, Delivery, Feedback, Subscriber, Suppression
from catalogue.newsletter.subscribers import addresses
from catalogue.newsletter.subscribers.suppression import addresses as suppression

log = logging.getLogger(__name__)
SOFT_BOUNCES_ALLOWED = 5
"""So many transient bounces without a delivery between them, and the address is given up."""


def take(message_id: str, event: Event) -> bool:
    """Act on an event. False if its message has been acted on before."""
    with transaction.atomic():
        _, new = Feedback.objects.get_or_create(
            message_id=message_id[:100], defaults={"kind": event.kind.value, "at": timezone.now()}
        )
        if not new:
            return False
        _act_on_all(event)
        return True


def take_report(report: Report) -> bool:
    """Act on what came back by mail. False if the same is known of that delivery, or it changes nothing.

    One delivery counts once for each kind of report, however many mails tell of it.
    """
    if report.kind is Kind.OTHER:
        return False
    mail = Delivery.objects.filter(ref=report.ref).select_related("subscriber").first()
    if mail is None or _moved_since(mail):
        return False
    person = mail.subscriber
    address = person.new_address if mail.kind == Delivery.Kind.MOVE else person.address
    with transaction.atomic():
        _, new = Feedback.objects.get_or_create(
            message_id=f"verp:{report.ref.hex}:{report.kind.name}",
            defaults={"kind": report.kind.value, "at": timezone.now()},
        )
        if new:
            _act(report.kind, mail, address, report.said)
    return new


def _moved_since(mail: Delivery) -> bool:
    """Whether the person has another address since the mail was queued: what it says is about the old one."""
    moved = ConsentRecord.objects.filter(subscriber=mail.subscriber_id, event=ConsentRecord.Event.MOVED)
    return moved.filter(at__gte=mail.created_at).exists()


def _act_on_all(event: Event) -> None:
    """Act on each recipient; one that fails keeps no other. Raises the last error if none could be acted on."""
    failed: Exception | None = None
    done = 0
    for address, said in event.recipients:
        try:
            with transaction.atomic():
                _act(event.kind, _mail(event.mail), address, said)
                done += 1
        except AWAY:
            raise
        except Exception as error:
            failed = error
            log.error("A %s of mail %s has no effect: %s", event.kind.value, event.mail[:60], in_words(error))
    if failed is not None and not done:
        raise failed


def _act(kind: Kind, mail: Delivery | None, address: str, said: str) -> None:
    key = _key(address)
    person = Subscriber.objects.filter(key=key).first() if key else None
    if mail is not None and mail.kind == Delivery.Kind.MOVE and (person is None or person.pk != mail.subscriber_id):
        _act_on_move(kind, mail, key, said)
    elif person is None and mail is not None and not _moved_since(mail):
        person = mail.subscriber  # a forwarded mail may bounce from another address
    match kind:
        case Kind.HARD_BOUNCE:
            _suppress(person, key, Suppression.Reason.HARD_BOUNCE, said)
        case Kind.COMPLAINT:
            _suppress(person, key, Suppression.Reason.COMPLAINT, said)
        case Kind.SOFT_BOUNCE if person is not None:
            counted = Subscriber.objects.filter(pk=person.pk)
            counted.update(soft_bounces=F("soft_bounces") + 1)
            # Read again: two bounces may be counted at the same moment.
            if counted.filter(soft_bounces__gte=SOFT_BOUNCES_ALLOWED).exists():
                _suppress(person, key, Suppression.Reason.SOFT_BOUNCES, said)
        case Kind.DELIVERY if person is not None:
            Subscriber.objects.filter(pk=person.pk, soft_bounces__gt=0).update(soft_bounces=0)


def _act_on_move(kind: Kind, mail: Delivery, key: str, said: str) -> None:
    """A mail to an address that someone would move to says nothing about the address they have."""
    reasons = {Kind.HARD_BOUNCE: Suppression.Reason.HARD_BOUNCE, Kind.COMPLAINT: Suppression.Reason.COMPLAINT}
    reason = reasons.get(kind)
    if reason is None:
        return
    person = mail.subscriber
    newest = person.deliveries.filter(kind=Delivery.Kind.MOVE).order_by("-pk").values_list("pk", flat=True).first()
    # The answer may come from where the new address forwards to; a wish made since is not what it is about.
    if person.new_key and newest == mail.pk:
        suppression.move_failed(person, person.new_key, reason, said)
    elif key:
        suppression.move_failed(person, key, reason, said)


def _mail(provider_id: str) -> Delivery | None:
    """The mail that SES names."""
    known = Delivery.objects.filter(provider_id=provider_id).exclude(provider_id="")
    return known.select_related("subscriber").first()


def _key(address: str) -> str:
    """An address in its canonical form; empty if it is none."""
    try:
        return addresses.parse(address).key
    except addresses.BadAddress:
        return ""


def _suppress(person: Subscriber | None, key: str, reason: Suppression.Reason, said: str) -> None:
    if person is not None:
        suppression.suppress(person, reason, said)
    elif key:
        suppression.remember(key, reason, said)
