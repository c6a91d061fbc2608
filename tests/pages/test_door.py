"""The door takes up what was built, and only what is of this code and this content."""

import asyncio
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from catalogue import fingerprint
from catalogue.pages import door as doors
from catalogue.pages.door import PagesDoor
from catalogue.pages.shelf import Answer
from catalogue.patterns import library
from tests.pages.conftest import built, change, door

HOST = [(b"host", b"127.0.0.1")]


def page(asked: PagesDoor, path: str = "/patterns/owls/") -> Answer | None:
    return asked.answer("GET", path, b"", HOST)


async def test_before_the_first_build_everything_is_djangos(content: Path) -> None:
    assert page(await door()) is None


async def test_a_new_edition_is_taken_up_while_the_site_runs(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "LOOK_EVERY", 0.0)
    await asyncio.to_thread(built)
    ours = await door()
    before = page(ours)
    assert before is not None
    change(content / "owls/pattern.md", "A courier waits", "A courier has waited")
    await asyncio.to_thread(built)
    now = page(ours)  # asks for a look; that takes up the edition beside the requests
    while ours._looking is not None:
        await ours._looking
        now = page(ours)
        if now is not None and now.body != before.body:
            break
    assert now is not None
    assert b"A courier has waited" in now.body


async def test_pages_of_other_code_are_left(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await asyncio.to_thread(built)
    monkeypatch.setattr(fingerprint, "site", lambda: "newer")
    assert page(await door()) is None


async def test_pages_of_other_content_are_left(content: Path) -> None:
    await asyncio.to_thread(built)
    change(content / "owls/pattern.md", "A courier waits", "A courier has waited")
    library.use(library.read_library(content))
    assert page(await door()) is None


async def test_with_debug_pages_are_rendered_live(content: Path, settings: Settings) -> None:
    await asyncio.to_thread(built)
    settings.DEBUG = True
    assert page(await door()) is None


async def test_a_page_that_a_newer_build_has_forgotten_is_djangos(content: Path) -> None:
    await asyncio.to_thread(built)
    ours = await door()
    change(content / "owls/pattern.md", "A courier waits", "A courier has waited")
    await asyncio.to_thread(built)
    assert page(ours) is None
    assert page(ours, "/patterns/cranes/ledger/") is None


async def test_lists_in_a_running_process_follow_the_build(content: Path) -> None:
    await asyncio.to_thread(built)
    change(content / "owls/pattern.md", "title: Owls", "title: Barn owls")
    assert library.library().by_slug["owls"].title == "Owls"
    library.use(library.library())
    await asyncio.to_thread(built)
    await door()
    assert library.library().by_slug["owls"].title == "Barn owls"
