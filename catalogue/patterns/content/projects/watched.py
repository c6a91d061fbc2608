"""Which files of a project count when it is watched, and whether one has changed. Reads no content."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.services.registry import registry

MOST_FILES = 10_000
"""Looked at a few times a second, so many files take about 30 ms."""
_LEFT_OUT = {".git", ".venv", "venv", "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}

type Signature = Mapping[Path, tuple[int, int]]
"""Of each file: when it was changed, in nanoseconds, and how many bytes it has."""


class TooManyFiles(Exception):
    """A project that cannot be watched; the message says why."""


def places(template: Template) -> tuple[Path, ...]:
    """The template's folder, and what its functions' code is in outside of it."""
    folder = template.path.parent
    found = [folder]
    for resource in template.of_type(*registry().functions):
        uri = resource.property("CodeUri") or resource.property("Code")
        if isinstance(uri, str) and "://" not in uri:
            place = (folder / uri).resolve()
            if not any(place.is_relative_to(one) for one in found):
                found.append(place)
    return tuple(found)


def signature(watched: tuple[Path, ...]) -> Signature:
    """Of all files below these places, without what editors, tools and package managers keep. Raises TooManyFiles."""
    found: dict[Path, tuple[int, int]] = {}
    for place in watched:
        for path in _files(place):
            try:
                status = path.stat()
            except OSError:  # gone since
                continue
            found[path] = (status.st_mtime_ns, status.st_size)
            if len(found) > MOST_FILES:
                raise TooManyFiles(f"There are more than {MOST_FILES:,} files in {place}: it is not watched.")
    return found


def changed(before: Signature, after: Signature) -> list[Path]:
    """The files that were added, changed or deleted, by path."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    for parent, folders, names in os.walk(place):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        yield from (Path(parent, name) for name in names if not _is_temporary(name))


def _is_temporary(name: str) -> bool:
    """Whether an editor writes it beside the file that it is about to save."""
    return name.endswith(("~", ".swp", ".swx", ".tmp", ".pyc")) or name.startswith((".#", "#")) or name == "4913"
