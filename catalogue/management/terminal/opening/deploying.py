"""Deploys an opened template for the first time. Needs Django."""

from django.conf import settings

from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.packaging.installing import reporting
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import target_of
from catalogue.labs.targets.omissions import omit
from catalogue.labs.views.boards.opening import say_how_far
from catalogue.management.terminal.opening.saying import say
from catalogue.management.terminal.refused import Refused
from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.projects.reading import NotReadable

_ATTEMPTS = 8


def read_opened() -> Pattern:
    """The template that this site is about. Raises Refused."""
    try:
        return next(library().patterns())
    except NotReadable as error:
        raise Refused(str(error)) from None


def deployed(pattern: Pattern) -> Lab:
    """A lab of the template, ready or failed. What the embedded AWS cannot create is left out of the next attempt.

    Raises what `services.create_lab` raises.
    """
    for attempt in range(_ATTEMPTS):
        with reporting(say_progress):
            lab = services.create_lab(pattern, settings.PROJECT_OWNER).lab
        lab = services.wait_until_deployed(lab, target_of(lab).deploy_seconds)
        last = attempt == _ATTEMPTS - 1
        if lab.status != Status.FAILED or last or not omit(pattern.content_hash, lab.reason):
            break
        say(f"{lab.reason} The rest is deployed without.")
        services.end_lab(lab, lab.reason)
    return lab


def say_progress(text: str) -> None:
    """A sentence for the person at the terminal, and for the page that waits."""
    say(text)
    say_how_far(text)
