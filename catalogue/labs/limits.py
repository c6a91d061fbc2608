"""The labs' limits: who may have how many, and how fast an endpoint may be called."""

import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from catalogue.labs.models import Lab, Status

LIVE = (Status.DEPLOYING, Status.READY)
_HOUR = timedelta(hours=1)
_ADVISORY_LOCK = 7_165_001
"""Any number that nothing else on the database uses."""


class LimitReached(Exception):
    """No further lab now. `retry_after` is in seconds; `labs` are the visitor's own live ones."""

    def __init__(self, message: str, retry_after: int, labs: list[Lab]) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.labs = labs


@contextmanager
def admission(owner: str, client: str = "", wanted: int = 1) -> Iterator[None]:
    """Make labs inside this block, alone among all processes. Raises LimitReached before it is entered.

    `client` is the key of the visitor's address, empty for the site's own doings. `wanted` is how many: there is
    room for all of them, or for none.
    """
    with transaction.atomic():
        # SQLite's transactions are IMMEDIATE, so they exclude each other anyway.
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
        _refuse_beyond_limits(owner, client, wanted)
        yield


def _refuse_beyond_limits(owner: str, client: str, wanted: int) -> None:
    now = timezone.now()
    live = Lab.objects.filter(status__in=LIVE, expires_at__gt=now)
    own = list(live.filter(owner=owner).order_by("expires_at"))
    if (needed := len(own) + wanted - settings.LABS_PER_VISITOR) > 0:
        raise LimitReached(_too_many_of_ones_own(len(own), wanted), _seconds_until_free(own, needed, now), own)
    if client:
        _refuse_beyond_the_addresss_limits(live.filter(client=client), client, wanted, own)
    if (needed := live.count() + wanted - settings.LABS_PER_MACHINE) > 0:
        raise LimitReached(
            f"All {settings.LABS_PER_MACHINE} labs of this machine are taken. One of them ends soon.",
            _seconds_until_free(live.order_by("expires_at")[:needed], needed, now),
            own,
        )


def _refuse_beyond_the_addresss_limits(live: QuerySet[Lab], client: str, wanted: int, own: list[Lab]) -> None:
    """A visitor without a cookie is a new one each time: the address bounds what such a client may have."""
    now = timezone.now()
    theirs = list(live)
    if (needed := len(theirs) + wanted - settings.LABS_PER_ADDRESS) > 0:
        message = (
            f"{len(theirs)} labs from your address are running, and one address may have {settings.LABS_PER_ADDRESS}."
        )
        raise LimitReached(message, _seconds_until_free(theirs, needed, now), own)
    started = Lab.objects.filter(client=client, created_at__gt=now - _HOUR).order_by("-created_at")
    nth = list(started.values_list("created_at", flat=True)[: settings.LABS_STARTS_PER_HOUR])
    if len(nth) + wanted > settings.LABS_STARTS_PER_HOUR:
        message = f"More than {settings.LABS_STARTS_PER_HOUR} labs in an hour cannot be started from one address."
        free = nth[-wanted] if wanted <= len(nth) else now
        raise LimitReached(message, max(1, int((free + _HOUR - now).total_seconds()) + 1), own)


def _too_many_of_ones_own(running: int, wanted: int) -> str:
    most = settings.LABS_PER_VISITOR
    if wanted > most:
        return f"This takes {wanted} labs, and one visitor may have {most}."
    if running >= most:
        return f"You have {running} labs running, as many as one visitor may have. Delete one, or wait."
    return f"This takes {wanted} labs. You have {running} of {most} running: delete {running + wanted - most}, or wait."


def _seconds_until_free(labs: Iterable[Lab], needed: int, now: datetime) -> int:
    """When so many of these have ended; a minute where not even that would make room."""
    ends = sorted(_seconds_until(lab, now) for lab in labs)
    return ends[needed - 1] if needed <= len(ends) else 60


def _seconds_until(lab: Lab, now: datetime) -> int:
    """When this lab's place is free again at the latest: unused, it goes before its time is over."""
    ends = min(lab.expires_at, lab.used_at + timedelta(seconds=settings.LABS_IDLE_SECONDS))
    return max(1, int((ends - now).total_seconds()) + 1)


def digest(secret: str) -> str:
    """How owner keys and tokens are stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


class TokenBucket:
    """`rate` requests a second with bursts of `burst`; not shared between processes."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: int, now: float | None = None) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = time.monotonic() if now is None else now

    def take(self, now: float | None = None) -> float:
        """0 if the request may pass, else the seconds until one may."""
        now = time.monotonic() if now is None else now
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return (1 - self._tokens) / self._rate
