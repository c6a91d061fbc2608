"""Finds what the parts of the site tell of themselves: the module `observed` of each app."""

from functools import cache

from django.utils.module_loading import autodiscover_modules


@cache
def load() -> None:
    """Import every app's `observed`, which registers checks, collectors and samplers as it is imported."""
    autodiscover_modules("observed")
