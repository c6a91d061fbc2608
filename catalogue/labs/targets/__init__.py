"""Which target holds a lab: the emulators of this site, or AWS."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings

from catalogue.base import env
from catalogue.base.target_names import AWS
from catalogue.labs.lifecycle.instance import instance_id
from catalogue.labs.targets.base import Target

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.labs.models import Lab


class Place(NamedTuple):
    """An emulator that this process is responsible for, or AWS."""

    key: str
    """Names it in the database: the instance's id, an address of LABS_ENDPOINTS, or `aws`."""
    url: str
    """Its address; empty on AWS."""


def places() -> tuple[Place, ...]:
    """Where this process deploys labs, and what it may clean up; empty if no emulator is running.

    The emulator that `manage.py up` started has its instance's id as a key, since its address means nothing on
    another machine. One of LABS_ENDPOINTS is shared, and has its address.
    """
    if settings.LABS_TARGET == AWS:
        return (Place(AWS, ""),)
    if settings.LABS_ENDPOINTS:
        return tuple(Place(url, url) for url in settings.LABS_ENDPOINTS)
    url = embedded_url()
    return (Place(instance_id(), url),) if url else ()


def is_ours(lab: Lab) -> bool:
    """Whether this process is responsible for the emulator that holds the lab: only then may it call the lab lost."""
    return _place_of(lab) is not None


def target_of(lab: Lab) -> Target:
    """The target that holds this lab. Calls to another instance's raise TargetDown where it cannot be reached."""
    if lab.emulator == AWS:
        return target_at(Place(AWS, ""))
    place = _place_of(lab)
    return target_elsewhere(lab.endpoint, lab.boot_id) if place is None else target_at(place)


def _place_of(lab: Lab) -> Place | None:
    """Rows older than the column name no emulator, and belong to the first place."""
    return next((place for place in places() if lab.emulator in (place.key, "")), None)


def target_at(place: Place) -> Target:
    """The target at this place, one object per process."""
    if place.key == AWS:
        # A process loads the target that it uses, and each of them imports this package.
        from catalogue.labs.targets.aws import aws_target

        return aws_target()
    return _embedded(place.url)


def get_target() -> Target:
    """The first place's target, for what belongs to no lab. What concerns a lab asks `target_of`."""
    return target_at(next(iter(places()), Place("", "")))


def embedded_url() -> str:
    """Address of the embedded AWS (EMBEDDED_AWS_URL, set by the process that started it); empty if there is none."""
    return env.text("EMBEDDED_AWS_URL", "").rstrip("/")


@lru_cache(maxsize=64)
def _embedded(url: str) -> Target:
    # As above.
    from catalogue.labs.targets.embedded import EmbeddedTarget

    return EmbeddedTarget(url)


@lru_cache(maxsize=64)
def target_elsewhere(url: str, boot_id: str) -> Target:
    """One boot of another instance's emulator."""
    # As above.
    from catalogue.labs.targets.elsewhere import ElsewhereTarget

    return ElsewhereTarget(url, boot_id)
