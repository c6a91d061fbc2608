"""Signs of life of the mail loop and the janitor: written by them, read by `/readyz`, metrics and the status page."""

import logging
import os
import socket
import time
from dataclasses import dataclass
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.utils import timezone

from catalogue.observability.health.readiness import Finding
from catalogue.observability.models import Heartbeat

logger = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
_FORGOTTEN_AFTER = timedelta(hours=1)


class Heart:
    """One loop's signs of life. `beat` may be called as often as one likes: it writes every five seconds."""

    def __init__(self, part: str, late_after: float) -> None:
        self._part = part
        self._late_after = late_after
        self._instance = f"{socket.gethostname()[:100]}:{os.getpid()}"
        self._next = 0.0

    def beat(self) -> None:
        """Say that the loop goes round. A database that is away is the loop's own concern, not this one's."""
        now = time.monotonic()
        if now < self._next:
            return
        first, self._next = self._next == 0.0, now + EVERY_SECONDS
        self._sample()
        try:
            Heartbeat.objects.update_or_create(
                part=self._part,
                instance=self._instance,
                defaults={"at": timezone.now(), "late_after": self._late_after},
            )
            if first:
                Heartbeat.objects.filter(part=self._part, at__lt=timezone.now() - _FORGOTTEN_AFTER).delete()
        except DatabaseError as error:
            logger.debug("The heartbeat could not be written: %s", error)

    def _sample(self) -> None:
        # Commands that only read heartbeats need no metrics.
        from catalogue.observability.prometheus import runtime

        runtime.sample_process(self._part)

    def end(self) -> None:
        """Take the sign back: the loop ends because it was asked to."""
        try:
            Heartbeat.objects.filter(part=self._part, instance=self._instance).delete()
        except DatabaseError as error:
            logger.debug("The heartbeat could not be removed: %s", error)


@dataclass(frozen=True)
class Sign:
    """The youngest sign of life of a part."""

    instance: str
    age: float
    """Seconds."""
    late: bool


def last_sign(part: str) -> Sign | None:
    """None if the part has never been seen, or was stopped."""
    found = Heartbeat.objects.filter(part=part).order_by("-at").first()
    if found is None:
        return None
    age = max(0.0, (timezone.now() - found.at).total_seconds())
    return Sign(found.instance, age, age > found.late_after)


def living() -> list[str]:
    """The loops of all instances on this database that are not late, as sentences' ends; none without its table."""
    now = timezone.now()
    try:
        with transaction.atomic():
            found = list(Heartbeat.objects.order_by("-at"))
    except DatabaseError:
        return []
    return [
        f"{sign.part} of {sign.instance}, {max(0.0, (now - sign.at).total_seconds()):.0f} s ago"
        for sign in found
        if now - sign.at < timedelta(seconds=sign.late_after)
    ]


def forget_all() -> None:
    """Delete every sign of life: after a restore they are of the time of the backup."""
    Heartbeat.objects.all().delete()


def finding(part: str) -> Finding:
    """The youngest sign of life as a part of `/readyz`."""
    sign = last_sign(part)
    if sign is None:
        return Finding(False, "It has not been seen.")
    said = f"{sign.instance}, {sign.age:.0f} s ago"
    return Finding(not sign.late, f"No sign of life since: {said}" if sign.late else said, round(sign.age, 1))
