"""The content that a lab was made from."""

from catalogue.labs.models import Lab
from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern


def pattern_of(lab: Lab) -> Pattern | None:
    """The lab's pattern, unless it was unpublished since."""
    return library().find(lab.pattern)
