"""What changes an emulator's row: heard of, draining, over."""

import logging
from collections.abc import Iterable
from contextlib import suppress

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from catalogue.base.target_names import EMBEDDED
from catalogue.labs.lifecycle.instance import instance_id
from catalogue.labs.lifecycle.limits import admitting_alone
from catalogue.labs.models import Emulator, Lab, Status
from catalogue.labs.targets import Place, places, target_at, target_elsewhere
from catalogue.labs.targets.base import TargetDown

logger = logging.getLogger(__name__)

OVER = "The machine that it ran on is gone, and the stack was lost. Run the pattern again to get a new lab."
_LIVE = (Status.DEPLOYING, Status.READY)


def note_answers() -> None:
    """Write down which of this process's emulators answer now, and with which boot."""
    for place in places():
        try:
            boot = target_at(place).boot_id()
        except TargetDown:
            continue
        note_answer(place, boot)


def note_answer(place: Place, boot: str) -> None:
    """This emulator has just answered. Whether it is draining stays as it is."""
    Emulator.objects.update_or_create(
        key=place.key, defaults={"url": place.url, "boot_id": boot, "seen_at": timezone.now()}
    )


def set_draining(keys: Iterable[str], draining: bool) -> None:
    """Take no new labs on these emulators, or take them again.

    A lab that is being admitted meanwhile, in any process, has its row before this returns, or goes elsewhere.
    """
    with admitting_alone():
        for key in keys:
            Emulator.objects.update_or_create(
                key=key, defaults={"draining": draining}, create_defaults={"draining": draining, "url": ""}
            )


def give_up_silent(key: str) -> bool:
    """Report the labs of an emulator that has fallen silent as gone. False if it answers from here after all."""
    emulator = Emulator.objects.filter(key=key).first()
    if emulator is not None and emulator.url:
        try:
            boot = target_elsewhere(emulator.url, emulator.boot_id).boot_id()
        except TargetDown:
            pass
        else:
            note_answer(Place(key, emulator.url), boot)
            return False
    lost = forget(key)
    logger.warning("The emulator %s has not answered for a long time: %d labs on it are reported as gone", key, lost)
    return True


def forget(key: str) -> int:
    """The emulator is over: its labs are gone, and nothing of them is left to delete. Returns how many lived."""
    lost = Lab.objects.filter(emulator=key, status__in=_LIVE).update(
        status=Status.GONE, reason=OVER, gone_at=timezone.now(), cleaned=True
    )
    Lab.objects.filter(Q(emulator=key), cleaned=False).update(cleaned=True)
    Emulator.objects.filter(key=key).delete()
    return lost


def instance_begins() -> None:
    """`manage.py up` starts: this instance takes labs."""
    if has_own_emulator():
        set_draining([instance_id()], False)


def instance_ends() -> None:
    """`manage.py up` ends: the labs on its own emulator are gone."""
    if has_own_emulator():
        with suppress(DatabaseError):  # then the other instances find out by its silence
            forget(instance_id())


def has_own_emulator() -> bool:
    """Whether `manage.py up` starts an emulator for this instance."""
    return settings.LABS_TARGET == EMBEDDED and not settings.LABS_ENDPOINTS
