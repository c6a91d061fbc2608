"""Requests to subscribe, between the form and the mail loop.

The form writes one row, by the same statement whatever is known of the address, so that the time of its answer says
nothing about who is subscribed. The mail loop looks the address up, right before it looks for mail to send. A row is
deleted in the transaction that acts on it: a process that is killed loses none, and two loops never act on one twice.
"""

from itertools import batched

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from catalogue.newsletter import services
from catalogue.newsletter.delivery.backoff import Setbacks
from catalogue.newsletter.models import SubscribeRequest
from catalogue.newsletter.subscribers.addresses import Address
from catalogue.newsletter.subscribers.consent import Source
from catalogue.observability.requests.request_context import RequestContext, bound, current

_CHUNK = 100
"""Read at once: who came first is answered first, and a long queue takes little memory."""


def add(address: Address, source: Source) -> None:
    """Keep a request for the mail loop. One INSERT, whatever is known of the address."""
    SubscribeRequest.objects.create(
        address=address.text,
        key=address.key,
        form=source.form,
        page=source.page,
        wording=source.wording,
        request_id=current().request_id,
        created_at=timezone.now(),
    )


def answer_all(setbacks: Setbacks | None = None) -> int:
    """Act on every request, oldest first: returns how many. One that fails is logged, waits, and holds up no other.

    Raises what says that the database is away.
    """
    setbacks = Setbacks() if setbacks is None else setbacks
    answered = 0
    for some in batched(list(_oldest_first().values_list("pk", flat=True)), _CHUNK, strict=False):
        for request in _oldest_first().filter(pk__in=some):
            item = ("subscribe", request.pk)
            if not setbacks.waits(item):
                with setbacks.each(item, f"Request {request.pk} to subscribe"):
                    answered += _answer(request)
    return answered


def _oldest_first() -> QuerySet[SubscribeRequest]:
    return SubscribeRequest.objects.order_by("pk")


def _answer(request: SubscribeRequest) -> bool:
    """False if another process has it."""
    with bound(RequestContext(request_id=request.request_id)), transaction.atomic():
        taken, _ = SubscribeRequest.objects.filter(pk=request.pk).delete()
        if taken:
            source = Source(request.form, request.page, request.wording)
            services.subscribe(Address(request.address, request.key), source, request.created_at)
        return bool(taken)
