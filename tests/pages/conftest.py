"""A small catalogue of its own, built into a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from catalogue.pages.builds import store
from catalogue.pages.builds.build import Outcome, build
from catalogue.pages.serving.front_door import FrontDoor
from catalogue.patterns.content import library
from tests.patterns.support.example import write_pattern

NO_MANIFESTS = [
    b"",
    b"\xff",
    b"[]",
    b'{"name": "somebody"}',
    b'{"files": ["index.html"]}',
    b'{"files": {"index.html": {"sha256": "1"}}}',
    b'{"files": {"index.html": {"sha256": "1", "headers": {',
    b'{"files": {"../index.html": {"sha256": "1", "headers": {}}}}',
    b'{"files": {"/index.html": {"sha256": "1", "headers": {}}}}',
]
"""Contents of `catalogue.json` that no export has written."""


@pytest.fixture
def content(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """The folder of three published patterns: `cranes`, `owls`, `ravens`."""
    folder = tmp_path / "content"
    settings.CONTENT_DIR, settings.VAR_DIR, settings.DEBUG = folder, tmp_path / "var", False
    for slug in ("cranes", "owls", "ravens"):
        write_pattern(folder, slug, title=slug.capitalize())
    library.use(library.read_library(folder))
    yield folder
    library.use(library.read_library(folder))


def built() -> Outcome:
    """Build in this process: it has threads, so copies of it would not be safe."""
    return build(workers=1)


async def front_door() -> FrontDoor:
    """A front door that has taken up the newest edition."""
    fresh = FrontDoor()
    await fresh.look()
    return fresh


def kept_urls() -> dict[str, str]:
    """The key of every kept page, by its address."""
    database = store.reading()
    assert database is not None
    found = {page.path + (f"?{page.query}" if page.query else ""): page.key for page in store.kept(database)}
    database.close()
    return found


def damage(file: Path, kind: str) -> None:
    """Spoil a database in its place: `all` of it, or what comes after its `head`."""
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.seek(0 if kind == "all" else 4096)
        stream.write(b"\xaa" * (size - stream.tell()))
