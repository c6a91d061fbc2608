"""The front door takes up what was built, and only what is of this code and this content."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from catalogue.base import fingerprint
from catalogue.pages.builds import store
from catalogue.pages.builds.store import Edition
from catalogue.pages.serving import front_door as site
from catalogue.pages.serving.front_door import FrontDoor
from catalogue.pages.serving.page_cache import PageAnswer
from catalogue.patterns.content import library
from tests.pages.conftest import built, damage, front_door
from tests.patterns.support.example import change

HOST = [(b"host", b"127.0.0.1")]


def page(asked: FrontDoor, path: str = "/patterns/owls/") -> PageAnswer | None:
    return asked.answer("GET", path, b"", HOST)


async def test_before_the_first_build_everything_is_djangos(content: Path) -> None:
    assert page(await front_door()) is None


async def taken_up(ours: FrontDoor, number: int) -> None:
    """Wait until the front door has this build, without asking it for anything."""
    async with asyncio.timeout(60):
        while ours._edition is None or ours._edition.number != number:
            await asyncio.sleep(0.01)


async def test_a_new_edition_is_taken_up_though_no_one_asks(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "LOOK_EVERY", 0.01)
    await asyncio.to_thread(built)
    ours = FrontDoor()
    async with ours.watching():
        assert page(ours) is not None
        change(content / "owls/pattern.md", "A courier waits", "A courier has waited")
        await asyncio.to_thread(built)
        await taken_up(ours, 2)
        first = page(ours)
    assert first is not None
    assert b"A courier has waited" in first.body


async def test_a_page_that_is_missed_makes_it_look_at_once(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "LOOK_EVERY", 3600)
    await asyncio.to_thread(built)
    ours = FrontDoor()
    async with ours.watching():
        change(content / "owls/pattern.md", "A courier waits", "A courier has waited")
        await asyncio.to_thread(built)
        assert page(ours) is None, "its bytes are forgotten"
        await taken_up(ours, 2)
        assert page(ours) is not None


async def test_what_goes_wrong_is_reported_once_and_does_not_end_the_watch(
    content: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(site, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(site, "_PAUSE", 0)
    really, looks = store.edition, 0

    def fails(database: sqlite3.Connection) -> Edition | None:
        nonlocal looks
        looks += 1
        if looks <= 3:
            raise OSError("no such ink")
        return really(database)

    await asyncio.to_thread(built)
    monkeypatch.setattr(store, "edition", fails)
    ours = FrontDoor()
    async with ours.watching():
        await taken_up(ours, 1)
    assert caplog.text.count("could not be read") == 1
    assert "no such ink" in caplog.text
    assert page(ours) is not None


@pytest.mark.parametrize("kind", ["all", "head"])
async def test_of_damaged_pages_django_answers_and_the_log_tells_once(
    content: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread(built)
    damage(store.store_file(), kind)
    for _ in range(3):
        assert page(await front_door()) is None
    assert caplog.text.count("is damaged") == 1
    assert "Traceback" not in caplog.text


async def test_what_is_damaged_while_it_is_in_use_is_left_until_it_has_been_made_again(
    content: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(site, "LOOK_EVERY", 0.01)
    await asyncio.to_thread(built)
    ours = FrontDoor()
    async with ours.watching():
        at_hand = page(ours)
        damage(store.store_file(), "head")
        assert ours._page_cache is not None
        ours._page_cache._database.execute("PRAGMA shrink_memory")  # so small a file is in SQLite's own memory
        assert page(ours, "/patterns/cranes/") is None
        assert page(ours, "/patterns/ravens/") is None
        assert caplog.text.count("is damaged") == 1
        await asyncio.to_thread(built)
        async with asyncio.timeout(60):
            while page(ours, "/patterns/cranes/") is None:
                await asyncio.sleep(0.01)
        again = page(ours)
    assert again is not None
    assert at_hand is not None
    assert again.body == at_hand.body


async def test_the_watch_ends_with_its_block(content: Path) -> None:
    before = asyncio.all_tasks()
    async with FrontDoor().watching():
        assert asyncio.all_tasks() > before
    assert asyncio.all_tasks() == before


async def test_pages_of_other_code_are_left(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await asyncio.to_thread(built)
    monkeypatch.setattr(fingerprint, "site", lambda: "newer")
    assert page(await front_door()) is None


async def test_pages_of_other_content_are_left(content: Path) -> None:
    await asyncio.to_thread(built)
    change(content / "owls/pattern.md", "A courier waits", "A courier has waited")
    library.use(library.read_library(content))
    assert page(await front_door()) is None


async def test_with_debug_pages_are_rendered_live(content: Path, settings: Settings) -> None:
    await asyncio.to_thread(built)
    settings.DEBUG = True
    assert page(await front_door()) is None


async def test_a_page_that_a_newer_build_has_forgotten_is_djangos(content: Path) -> None:
    await asyncio.to_thread(built)
    ours = await front_door()
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
    await front_door()
    assert library.library().by_slug["owls"].title == "Barn owls"
