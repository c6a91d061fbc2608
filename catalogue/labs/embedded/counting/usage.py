"""Counts what a lab's handlers and the stack's own mechanisms ask of AWS: what the bill is made of.

Handlers call the emulator over HTTP with their role's credentials, the site with a key of its own, so that what the
site does to watch a lab counts for nothing. What AWS's services do among themselves (a gateway that sends to a queue,
an event source that polls one, a topic that delivers) happens inside the emulator and is counted where it happens.
The polls of an idle event source are not: the emulator makes none (see `patterns.costs.standing`).
"""

from catalogue.labs.embedded.counting.counter import Counter
from catalogue.labs.embedded.counting.usage_caller import tell_callers_apart
from catalogue.labs.services.registry import lab_services


def install(site_key: str) -> Counter:
    """Patch the imported emulator, before any other patch of it: this one counts what the others let through."""
    counter = Counter()
    tell_callers_apart(site_key)
    for service in lab_services().services:
        if service.count is not None:
            service.count(counter)
    return counter
