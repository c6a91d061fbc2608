"""Patterns by the slug of an address."""

from catalogue.errors import Problem
from catalogue.patterns.content import Pattern, UnknownPattern
from catalogue.patterns.library import library


def found_pattern(slug: str) -> Pattern:
    """The published pattern, whole. Raises Problem (404)."""
    try:
        return library().get(slug)
    except UnknownPattern:
        raise Problem(404, "No such pattern", f"The catalogue has no pattern called {slug[:80]}.") from None
