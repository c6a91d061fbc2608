"""A run's deeds in a few words, for lists that are read without JavaScript."""

from collections import Counter
from collections.abc import Sequence

from django import template

from catalogue.patterns.runs.document import Answer

register = template.Library()


@register.filter
def statuses(answers: Sequence[Answer]) -> str:
    """`200`, or of several `48 × 202, 2 × 429`."""
    counts = Counter(answer.status for answer in answers)
    if len(answers) == 1:
        return str(answers[0].status)
    return ", ".join(f"{count} × {status}" for status, count in sorted(counts.items()))
