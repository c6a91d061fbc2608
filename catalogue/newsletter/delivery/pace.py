"""How fast all senders together may send, kept in one row of the database: a rate, a warm-up, a server's wish for less.

The rate is a generic cell rate algorithm whose one number is charged for a whole batch at a time, so that keeping to it
costs one UPDATE a batch and not one a mail.
"""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least

from catalogue.newsletter.models import SendingPace

BURST_SECONDS = 1.0
_SLOWEST = 64.0
_FIRST_HOLD = 2.0


@dataclass(frozen=True)
class Allowance:
    mails: int
    """How many may be sent now."""
    wait: float = 0.0
    """Seconds until more may be, if none may now."""
    cost: float = 0.0
    """Seconds of the rate that each mail was charged."""


@dataclass(frozen=True)
class WarmUp:
    """A new sender's address earns trust slowly: so many mails on the first day, twice as many on each next."""

    start: date
    first_day: int

    def limit(self, day: date) -> int | None:
        """Most mails of that day; none before the start, no limit once it has doubled twenty times."""
        days = (day - self.start).days
        if days < 0:
            return 0
        return None if days > 20 else int(self.first_day * 2**days)


def warm_up() -> WarmUp | None:
    """Raises ImproperlyConfigured for a NEWSLETTER_WARM_UP that is not `YYYY-MM-DD:number`."""
    text = settings.NEWSLETTER_WARM_UP
    if not text:
        return None
    day, _, number = text.partition(":")
    try:
        plan = WarmUp(date.fromisoformat(day), int(number))
    except ValueError:
        raise ImproperlyConfigured(
            f"NEWSLETTER_WARM_UP={text!r}: write the first day and its limit, such as 2026-12-01:200."
        ) from None
    if plan.first_day < 1:
        raise ImproperlyConfigured(f"NEWSLETTER_WARM_UP={text!r}: the first day's limit must be 1 or more.")
    return plan


def reserve(most: int) -> Allowance:
    """Charge up to `most` mails to the allowance that all senders share."""
    plan = warm_up()
    rate = settings.NEWSLETTER_PER_SECOND
    now = time.time()
    today = datetime.fromtimestamp(now, UTC).date()
    with transaction.atomic():
        pace = _row()
        if pace.held_until > now:
            return Allowance(0, pace.held_until - now)
        if pace.day != today:
            SendingPace.objects.filter(pk=pace.pk).exclude(day=today).update(day=today, sent_today=0)
            pace.sent_today = 0
        granted = most
        if plan is not None and (limit := plan.limit(today)) is not None:
            granted = min(granted, limit - pace.sent_today)
            if granted <= 0:
                return Allowance(0, _seconds_to_tomorrow(now))
        cost = (1 / rate if rate else 0.0) * pace.slowdown
        if not rate and pace.slowdown > 1:
            cost = pace.slowdown / 1000  # no rate is set, but a server has asked for less
        if cost:
            room = now + max(BURST_SECONDS, cost) - max(pace.spent_until, now)
            granted = min(granted, int(room / cost + 1e-9))
            if granted <= 0:
                return Allowance(0, max(0.005, max(pace.spent_until, now) + cost - now - max(BURST_SECONDS, cost)))
        SendingPace.objects.filter(pk=pace.pk).update(
            spent_until=Greatest(F("spent_until"), now) + granted * cost, sent_today=F("sent_today") + granted
        )
    return Allowance(granted, cost=cost)


def give_back(allowance: Allowance, mails: int) -> None:
    """Undo the charge for some of the reserved mails: there were not so many to send."""
    if mails:
        SendingPace.objects.update(
            sent_today=Greatest(F("sent_today") - mails, 0), spent_until=F("spent_until") - mails * allowance.cost
        )


def slow_down() -> None:
    """A server has asked for less: all senders are silent for a moment, then half as fast, and half again next time."""
    _row()
    now = time.time()
    SendingPace.objects.filter(held_until__lt=now).update(
        slowdown=Least(F("slowdown") * 2, _SLOWEST), held_until=now + _FIRST_HOLD * F("slowdown")
    )


def speed_up() -> None:
    """A whole batch went through: a little faster again, up to the set rate."""
    SendingPace.objects.filter(slowdown__gt=1).update(slowdown=Greatest(F("slowdown") * 0.8, 1.0))


def _row() -> SendingPace:
    SendingPace.objects.bulk_create([SendingPace(pk=1)], ignore_conflicts=True)
    return SendingPace.objects.select_for_update().get(pk=1)


def _seconds_to_tomorrow(now: float) -> float:
    return 86_400 - now % 86_400
