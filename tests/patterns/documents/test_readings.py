"""The kept readings: what comes out is what went in, a change costs the change, and damage costs a reading."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from catalogue.base import fingerprint
from catalogue.patterns.content import readings
from catalogue.patterns.content.readings import Reading
from tests.patterns.support.example import change, write_pattern


@pytest.fixture
def content(tmp_path: Path) -> Path:
    for slug in ("owls", "ravens"):
        write_pattern(tmp_path / "content", slug, title=slug.capitalize())
    return tmp_path / "content"


@pytest.fixture
def file(tmp_path: Path, content: Path) -> Path:
    """With the readings of both patterns."""
    kept = tmp_path / "var" / "readings.pickle"
    readings.save(kept, read(content), {})
    return kept


def read(content: Path) -> dict[str, Reading]:
    return {slug: readings.read_folder(content / slug)[0] for slug in ("owls", "ravens")}


def test_what_was_kept_is_what_was_read(content: Path, file: Path) -> None:
    assert readings.load(file) == read(content)
    assert readings.load(file.with_name("other")) == {}


def test_only_what_has_changed_is_packed_again(content: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = readings.load(file)
    change(content / "owls/pattern.md", "title: Owls", "title: Barn owls")
    packed: list[Any] = []
    really = pickle.dumps

    def dumps(what: Any) -> bytes:
        packed.append(what)
        return really(what)

    monkeypatch.setattr(pickle, "dumps", dumps)
    fresh, changed = readings.unchanged(content, loaded)
    fresh |= {folder.name: readings.read_folder(folder)[0] for folder in changed}
    readings.save(file, fresh, loaded)
    assert [what for what in packed if isinstance(what, Reading)] == [fresh["owls"]]
    assert readings.load(file) == read(content) != loaded


def test_a_pattern_that_has_gone_is_kept_no_longer(content: Path, file: Path) -> None:
    loaded = readings.load(file)
    readings.save(file, {"owls": loaded["owls"]}, loaded)
    assert readings.load(file).keys() == {"owls"}


@pytest.mark.parametrize("place", [0.0, 0.5, 0.99], ids=["head", "middle", "end"])
def test_damage_is_read_as_nothing_and_made_good_by_the_next_save(content: Path, file: Path, place: float) -> None:
    data = file.read_bytes()
    at = int(len(data) * place)
    file.write_bytes(data[:at] + b"\xff" * 8 + data[at + 8 :])
    loaded = readings.load(file)
    assert loaded in ({}, read(content))
    readings.save(file, read(content), loaded)
    assert readings.load(file) == read(content)


def test_a_reading_that_cannot_be_unpacked_is_packed_again(content: Path, file: Path) -> None:
    """The file is whole, and one of the readings in it is not."""
    packed = dict.fromkeys(("owls", "ravens"), b"\x80nonsense")
    file.write_bytes(pickle.dumps(fingerprint.code()) + pickle.dumps(packed))
    loaded = readings.load(file)
    assert loaded == {}
    readings.save(file, read(content), loaded)
    assert readings.load(file) == read(content)


def test_readings_of_other_code_are_none(content: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "code", lambda: "another")
    assert readings.load(file) == {}
