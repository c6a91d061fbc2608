"""A run's deeds in a few words, for lists that are read without JavaScript."""

from collections.abc import Mapping, Sequence

from django import template

from catalogue.patterns.content import Pattern
from catalogue.patterns.runs import brief
from catalogue.patterns.runs.brief import Brief
from catalogue.patterns.runs.document import Answer
from catalogue.patterns.runs.recorded import recorded_run

register = template.Library()


@register.filter
def statuses(answers: Sequence[Answer]) -> str:
    return brief.statuses(answers)


@register.filter
def recorded_briefs(pattern: Pattern) -> Mapping[str, Brief]:
    """What the recorded run saw of each step; nothing without one."""
    run = recorded_run(pattern)
    return {} if run is None else brief.briefs(run)


@register.filter
def of_step(found: Mapping[str, Brief], step_id: str) -> Brief | None:
    return found.get(step_id)
