"""A pattern ready to deploy, whether it is one of the catalogue or a template on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalogue.labs.lifecycle.packaging import projects, zips
from catalogue.labs.lifecycle.packaging.zips import Package, Variant

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.patterns.content.pattern import Pattern


def package(pattern: Pattern, variant: Variant = "pattern") -> Package:
    """Raises PackagingError."""
    return projects.package(pattern) if pattern.standalone else zips.package(pattern, variant)
