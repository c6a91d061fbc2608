"""How often one client may subscribe: a generic cell rate algorithm whose one number lives in the database.

The check and the charge are one UPDATE, so the allowance is shared by every process of the site.
"""

import math
import time

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Greatest
from django.http import HttpRequest

from catalogue.newsletter.models import ClientBudget
from catalogue.web import client_address

WINDOW = 3600.0  # seconds


def client_key(request: HttpRequest) -> str:
    """A keyed hash of the client's address."""
    return client_address.client_key(request, "newsletter.client")


def take(client: str, per_hour: int | None = None) -> int:
    """Charge one request to a client. Returns 0, or the seconds after which it may come back.

    Without a number of its own the allowance is that of subscribing.
    """
    now = time.time()
    cost = WINDOW / (per_hour or settings.NEWSLETTER_SUBSCRIBES_PER_HOUR)
    ClientBudget.objects.bulk_create([ClientBudget(client=client, spent_until=now)], ignore_conflicts=True)
    allowed = ClientBudget.objects.filter(client=client, spent_until__lte=now + WINDOW - cost).update(
        spent_until=Greatest(F("spent_until"), now) + cost
    )
    if allowed:
        return 0
    spent_until = ClientBudget.objects.values_list("spent_until", flat=True).get(client=client)
    return max(1, math.ceil(spent_until - (now + WINDOW - cost)))


def forget_idle() -> int:
    """Delete the rows of clients whose allowance is whole again."""
    return ClientBudget.objects.filter(spent_until__lt=time.time()).delete()[0]


def in_words(seconds: int) -> str:
    """How long to wait, rounded up to minutes, or to hours."""
    minutes = -(-seconds // 60)
    if minutes <= 1:
        return "a minute"
    return f"{minutes} minutes" if minutes <= 90 else f"{-(-minutes // 60)} hours"
