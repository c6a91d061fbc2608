"""Which emulators there are, which of them takes the next lab, and which have fallen silent."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.conf import settings

from catalogue.base.target_names import AWS
from catalogue.labs.lifecycle.limits import UPGRADING
from catalogue.labs.models import Emulator, Lab, Status
from catalogue.labs.targets import Place, places, target_at, target_elsewhere
from catalogue.labs.targets.base import Target, TargetDown, TargetStarting

RESTART_SECONDS = 15.0
"""How long a request for a lab waits for an emulator that is restarting.

It takes about one second, and up to nine were measured on a machine with much else to do. No proxy may end the request
first, and they give up after 30 s or later.
"""
_waiting = threading.BoundedSemaphore(8)
"""Each such request holds a thread of the process; further ones are refused at once."""
LONGEST_GAP_SECONDS = 10.0
"""Between two looks at the emulators. After a longer one nothing is known of the time between."""


class Candidate(NamedTuple):
    """An emulator that answers and takes new labs."""

    place: Place
    target: Target
    boot_id: str


def candidates_soon() -> dict[str, Candidate]:
    """As `candidates`, and where there are none since the emulator is starting again, those there are after that.

    Raises TargetDown.
    """
    try:
        return candidates()
    except TargetStarting:
        if not _waiting.acquire(blocking=False):
            raise
    try:
        deadline = time.monotonic() + RESTART_SECONDS
        while True:
            time.sleep(0.1)
            try:
                return candidates()
            except TargetDown:  # a busy machine may let the one that starts be silent at first
                if time.monotonic() >= deadline:
                    raise
    finally:
        _waiting.release()


def candidates() -> dict[str, Candidate]:
    """The emulators that may take a new lab, by key: this process's own, or else others' on the same database.

    Raises TargetDown, with the reason, if there are none: TargetStarting if one of this process's is starting again.
    """
    draining = set(Emulator.objects.filter(draining=True).values_list("key", flat=True))
    found: dict[str, Candidate] = {}
    reason: TargetDown | None = None
    for place in places():
        if place.key not in draining:
            try:
                target = target_at(place)
                found[place.key] = Candidate(place, target, target.boot_for_work())
            except TargetDown as error:
                reason = error if reason is None or isinstance(error, TargetStarting) else reason
    return found or _of_others() or _none(reason)


def _of_others() -> dict[str, Candidate]:
    found = {}
    own = {place.key for place in places()}
    for emulator in Emulator.objects.filter(draining=False).exclude(key__in={*own, AWS}):
        try:
            target = target_elsewhere(emulator.url, emulator.boot_id)
            found[emulator.key] = Candidate(Place(emulator.key, emulator.url), target, target.boot_for_work())
        except TargetDown:
            continue
    return found


def _none(reason: TargetDown | None) -> dict[str, Candidate]:
    if reason is not None:
        raise reason
    if places():
        raise TargetDown(UPGRADING)
    raise TargetDown("The embedded AWS is not running: start the site with `make run`.")


class Silence:
    """How long each emulator has said nothing, by this process's own clock: clocks of machines differ, and jump."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[datetime | None, float]] = {}
        self._looked = float("-inf")

    def look(self, seen: Mapping[str, datetime | None], now: float | None = None) -> set[str]:
        """The keys that have stayed as they are for LABS_EMULATOR_SECONDS. `seen` is when each was last heard of."""
        now = time.monotonic() if now is None else now
        if now - self._looked > LONGEST_GAP_SECONDS:
            self._since.clear()
        self._looked = now
        self._since = {
            key: before if (before := self._since.get(key)) and before[0] == at else (at, now)
            for key, at in seen.items()
        }
        return {key for key, (_, since) in self._since.items() if now - since >= settings.LABS_EMULATOR_SECONDS}


def heard_of() -> dict[str, datetime | None]:
    """Every emulator that holds something, and when a janitor last had an answer from it."""
    holding = Lab.objects.filter(cleaned=False).exclude(emulator__in=("", AWS))
    known: dict[str, datetime | None] = dict.fromkeys(holding.values_list("emulator", flat=True).distinct())
    known.update(Emulator.objects.exclude(key=AWS).values_list("key", "seen_at"))
    return known


def live_labs(keys: Iterable[str]) -> int:
    """How many labs live on these emulators."""
    return Lab.objects.filter(emulator__in=list(keys), status__in=(Status.DEPLOYING, Status.READY)).count()
