"""What a bounce or complaint changes. Each SNS message acts once, however often it is delivered."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from catalogue.newsletter import addresses, suppression
from catalogue.newsletter.feedback.events import Event, Kind
from catalogue.newsletter.models import Delivery, Feedback, Subscriber, Suppression

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
        for address, said in event.recipients:
            _act(event, address, said)
        return True


def _act(event: Event, address: str, said: str) -> None:
    person = _subscriber(event.mail, address)
    match event.kind:
        case Kind.HARD_BOUNCE:
            _suppress(person, address, Suppression.Reason.HARD_BOUNCE, said)
        case Kind.COMPLAINT:
            _suppress(person, address, Suppression.Reason.COMPLAINT, said)
        case Kind.SOFT_BOUNCE if person is not None:
            counted = Subscriber.objects.filter(pk=person.pk)
            counted.update(soft_bounces=F("soft_bounces") + 1)
            # Read again: two bounces may be counted at the same moment.
            if counted.filter(soft_bounces__gte=SOFT_BOUNCES_ALLOWED).exists():
                _suppress(person, address, Suppression.Reason.SOFT_BOUNCES, said)
        case Kind.DELIVERY if person is not None:
            Subscriber.objects.filter(pk=person.pk, soft_bounces__gt=0).update(soft_bounces=0)


def _subscriber(mail: str, address: str) -> Subscriber | None:
    """By the address, or by the mail that SES names: a forwarded mail may bounce from another address."""
    try:
        found = Subscriber.objects.filter(key=addresses.parse(address).key).first()
    except addresses.BadAddress:
        found = None
    if found is not None:
        return found
    delivery = Delivery.objects.filter(provider_id=mail).exclude(provider_id="").select_related("subscriber").first()
    return delivery.subscriber if delivery else None


def _suppress(person: Subscriber | None, address: str, reason: Suppression.Reason, said: str) -> None:
    if person is not None:
        suppression.suppress(person, reason, said)
        return
    try:
        suppression.remember(addresses.parse(address).key, reason, said)
    except addresses.BadAddress:
        return
