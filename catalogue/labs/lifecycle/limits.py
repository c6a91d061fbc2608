"""The labs' limits: who may have how many, and how fast an endpoint may be called."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from catalogue.labs.models import Emulator, Lab, Status
from catalogue.labs.targets.base import TargetDown
from catalogue.observability.prometheus.metrics import limit_hit

LIVE = (Status.DEPLOYING, Status.READY)
UPGRADING = "This site is being upgraded and starts no new labs. Try again in a moment."
_HOUR = timedelta(hours=1)
_ADVISORY_LOCK = 7_165_001
"""Any number that nothing else on the database uses."""

type Gate = Callable[[int, int], None]
"""Called with how many labs and how many stacks are wanted, alone among all processes; raises LimitReached."""


class LimitReached(Exception):
    """No further lab now. `retry_after` is in seconds; `labs` are the visitor's own live ones."""

    def __init__(self, message: str, retry_after: int, labs: list[Lab]) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.labs = labs


@contextmanager
def admission(owner: str, client: str = "", wanted: int = 1, among: Sequence[str] = ("",)) -> Iterator[str]:
    """Make labs inside this block, alone among all processes. Raises LimitReached before it is entered.

    `client` is the key of the visitor's address, empty for the site's own doings. `wanted` is how many: there is
    room for all of them, or for none. `among` are the keys of the emulators that could hold them; the block gets that
    of the least loaded. One that is draining by now holds none: raises TargetDown if all of them are.
    """
    with admitting_alone():
        _refuse_beyond_limits(owner, client, wanted)
        draining = set(Emulator.objects.filter(key__in=among, draining=True).values_list("key", flat=True))
        able = [key for key in among if key not in draining]
        if not able:
            raise TargetDown(UPGRADING)
        yield _least_loaded(owner, wanted, able)


@contextmanager
def admitting_alone() -> Iterator[None]:
    """Nothing else is admitted meanwhile, in any process, and what was admitted before is committed."""
    with transaction.atomic():
        # SQLite's transactions are IMMEDIATE, so they exclude each other anyway.
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
        yield


def _refuse_beyond_limits(owner: str, client: str, wanted: int) -> None:
    now = timezone.now()
    live = Lab.objects.filter(status__in=LIVE, expires_at__gt=now)
    own = list(live.filter(owner=owner).order_by("expires_at"))
    if (needed := len(own) + wanted - settings.LABS_PER_VISITOR) > 0:
        limit_hit("labs_per_visitor")
        raise LimitReached(_too_many_of_ones_own(len(own), wanted), _seconds_until_free(own, needed, now), own)
    if client:
        _refuse_beyond_the_addresss_limits(live.filter(client=client), client, wanted, own)


def _least_loaded(owner: str, wanted: int, among: Sequence[str]) -> str:
    """The emulator with the fewest live labs, the first of several. LABS_PER_MACHINE bounds each."""
    now = timezone.now()
    live = Lab.objects.filter(status__in=LIVE, expires_at__gt=now, emulator__in=among)
    held = dict.fromkeys(among, 0) | dict(live.order_by().values_list("emulator").annotate(Count("pk")))
    room = sum(max(0, settings.LABS_PER_MACHINE - count) for count in held.values())
    if (needed := wanted - room) > 0:
        limit_hit("labs_per_machine")
        where = "of this machine" if len(among) == 1 else f"of each of {len(among)} machines"
        raise LimitReached(
            f"All {settings.LABS_PER_MACHINE} labs {where} are taken. One of them ends soon.",
            _seconds_until_free(live.order_by("expires_at")[:needed], needed, now),
            list(Lab.objects.filter(status__in=LIVE, expires_at__gt=now, owner=owner).order_by("expires_at")),
        )
    return min(among, key=lambda key: held[key])


def _refuse_beyond_the_addresss_limits(live: QuerySet[Lab], client: str, wanted: int, own: list[Lab]) -> None:
    """A visitor without a cookie is a new one each time: the address bounds what such a client may have."""
    now = timezone.now()
    theirs = list(live)
    if (needed := len(theirs) + wanted - settings.LABS_PER_ADDRESS) > 0:
        limit_hit("labs_per_address")
        message = f"Your address has {_labs(len(theirs))} running. One address can have {settings.LABS_PER_ADDRESS}."
        raise LimitReached(message, _seconds_until_free(theirs, needed, now), own)
    started = Lab.objects.filter(client=client, created_at__gt=now - _HOUR).order_by("-created_at")
    nth = list(started.values_list("created_at", flat=True)[: settings.LABS_STARTS_PER_HOUR])
    if len(nth) + wanted > settings.LABS_STARTS_PER_HOUR:
        limit_hit("lab_starts_per_hour")
        message = f"One address can start {_labs(settings.LABS_STARTS_PER_HOUR)} an hour."
        free = nth[-wanted] if wanted <= len(nth) else now
        raise LimitReached(message, max(1, int((free + _HOUR - now).total_seconds()) + 1), own)


def _too_many_of_ones_own(running: int, wanted: int) -> str:
    most = settings.LABS_PER_VISITOR
    if wanted > most:
        return f"This takes {_labs(wanted)}. One visitor can have {most}."
    if running >= most:
        return f"You have {_labs(running)} running, the limit for one visitor. Delete one, or wait."
    return (
        f"This takes {_labs(wanted)}. You have {running} of {most} running: delete {running + wanted - most}, or wait."
    )


def _labs(count: int) -> str:
    return "1 lab" if count == 1 else f"{count} labs"


def _seconds_until_free(labs: Iterable[Lab], needed: int, now: datetime) -> int:
    """When so many of these have ended; a minute where not even that would make room."""
    ends = sorted(_seconds_until(lab, now) for lab in labs)
    return ends[needed - 1] if needed <= len(ends) else 60


def _seconds_until(lab: Lab, now: datetime) -> int:
    """When this lab's place is free again at the latest: unused, it goes before its time is over."""
    return max(1, int((ends_at(lab) - now).total_seconds()) + 1)


def ends_at(lab: Lab) -> datetime:
    """When this lab is deleted if it is not used again: its lifetime or the idle limit, whichever is nearer."""
    return min(lab.expires_at, lab.used_at + timedelta(seconds=settings.LABS_IDLE_SECONDS))


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
