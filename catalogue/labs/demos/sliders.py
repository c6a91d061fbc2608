"""A lab's sliders: settings of the stack that its owner chooses from a range, and traffic in a chosen amount.

Only what is in sliders.yaml can be set or sent: a visitor names a slider and a number of its range. What was set is
kept in `Lab.sliders`. A step or a lever that changes the same setting moves the slider, too.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from catalogue.labs.aws.shared import NO_CHANGE
from catalogue.labs.demos.levers import LeverRefused, perform_on, turn_of
from catalogue.labs.demos.runner import send
from catalogue.labs.edge.application import edge_in_use
from catalogue.labs.edge.client import Unsendable
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Operation
from catalogue.patterns.content.schemas.sliders import Slider
from catalogue.patterns.content.sliding import own_value


@dataclass(frozen=True)
class Moved:
    """What came of moving a slider."""

    slider: str
    value: int
    says: str
    cli: str | None = None
    """The AWS CLI command that sets the same; None for traffic."""


async def amove_slider(lab: Lab, slider: Slider, value: int) -> Moved:
    """Set the stack's setting to this value, or send as many requests. Raises LeverRefused, LeverBusy."""
    if not slider.takes(value):
        raise LeverRefused(f"“{slider.title}” takes a whole number from {slider.least} to {slider.most}.")
    if slider.set is None:
        return await _send(lab, slider, value)
    if lab.is_lease:
        raise LeverRefused(NO_CHANGE)
    async with turn_of(lab):
        cli = await in_database(perform_on, lab, slider.operation(value))
        await in_database(_keep, lab, {slider.id: value})
    return Moved(slider.id, value, f"{slider.title}: {value}.", cli)


async def _send(lab: Lab, slider: Slider, value: int) -> Moved:
    try:
        async with edge_in_use(), asyncio.timeout(60):
            answers = await send(lab, slider.request(value), {})
    except (Unsendable, TimeoutError) as error:
        raise LeverRefused(f"The requests could not all be sent. {error}") from error
    counts = Counter(answer.status for answer in answers)
    seen = ", ".join(f"{count} × {status}" for status, count in sorted(counts.items()))
    slowest = max(answer.ms for answer in answers)
    return Moved(slider.id, value, f"Answered: {seen}. The slowest took {slowest:.0f} ms.")


def value_of(lab: Lab, pattern: Pattern, slider: Slider) -> int:
    """Where the slider is now."""
    kept = lab.sliders.get(slider.id)
    own = own_value(pattern, slider)
    return int(kept) if kept is not None else slider.least if own is None else own


def follow_operation(lab: Lab, sliders: Iterable[Slider], operation: Operation) -> None:
    """A step or a lever has set what a slider sets: the slider moves there, if its range has the value."""
    found = {}
    for slider in sliders:
        plain = slider.set
        if plain is None or (plain.action, plain.resource, plain.name) != (
            operation.action,
            operation.resource,
            operation.name,
        ):
            continue
        value = str(operation.value)
        if value.isdigit() and slider.takes(int(value)):
            found[slider.id] = int(value)
    if found:
        _keep(lab, found)


def _keep(lab: Lab, found: dict[str, int]) -> None:
    with transaction.atomic():
        row = Lab.objects.select_for_update().get(pk=lab.pk)
        row.sliders.update(found)
        row.save(update_fields=["sliders"])
    lab.sliders = row.sliders
