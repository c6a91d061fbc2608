"""GET /fidelity/ shows what changed with each version of the embedded AWS, the present one included."""

from importlib.metadata import version

from django.test import Client

from catalogue.patterns.content.fidelity.emulator_versions import emulator_versions


def test_the_newest_entry_is_the_installed_version() -> None:
    """An upgrade needs an entry: which rows of the ledgers changed."""
    assert emulator_versions()[0].version == version("ministack")


def test_versions_are_listed_newest_first_and_once() -> None:
    numbers = [tuple(map(int, one.version.split("."))) for one in emulator_versions()]
    assert numbers == sorted(set(numbers), reverse=True)


def test_the_page_shows_each_version_with_its_changes() -> None:
    page = Client().get("/fidelity/").content.decode()
    for one in emulator_versions():
        assert f"MiniStack {one.version}" in page
        for change in one.changes:
            assert change in page
