"""The labs' limits: who may have how many, and how fast an endpoint may be called."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from catalogue.labs.models import Lab, Status

LIVE = (Status.DEPLOYING, Status.READY)
_ADVISORY_LOCK = 7_165_001
"""Any number that nothing else on the database uses."""


class LimitReached(Exception):
    """No further lab now. `retry_after` is in seconds; `labs` are the visitor's own live ones."""

    def __init__(self, message: str, retry_after: int, labs: list[Lab]) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.labs = labs


@contextmanager
def admission(owner: str) -> Iterator[None]:
    """Make a lab inside this block, alone among all processes. Raises LimitReached before it is entered."""
    with transaction.atomic():
        # SQLite's transactions are IMMEDIATE, so they exclude each other anyway.
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
        _refuse_beyond_limits(owner)
        yield


def _refuse_beyond_limits(owner: str) -> None:
    now = timezone.now()
    live = Lab.objects.filter(status__in=LIVE, expires_at__gt=now)
    own = list(live.filter(owner=owner).order_by("expires_at"))
    if len(own) >= settings.LABS_PER_VISITOR:
        raise LimitReached(
            f"You have {len(own)} labs running, as many as one visitor may have. Delete one, or wait.",
            _seconds_until(own[0], now),
            own,
        )
    if live.count() >= settings.LABS_PER_MACHINE:
        first = live.order_by("expires_at")[0]
        raise LimitReached(
            f"All {settings.LABS_PER_MACHINE} labs of this machine are taken. One of them ends soon.",
            _seconds_until(first, now),
            own,
        )


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
