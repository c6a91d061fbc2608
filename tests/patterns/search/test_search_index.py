"""The kept search index: changed pattern by pattern, it is what an index made anew would be."""

from pathlib import Path

import pytest

from catalogue.patterns.content.pattern import Pattern, load_pattern
from catalogue.patterns.search import index as search_index
from catalogue.patterns.search.index import Entry
from catalogue.patterns.search.query import Index
from tests.patterns.support.example import write_pattern

OWLS = "\n## The problem\n\nOwls carry the letters by night.\n"
CRANES = "\n## The problem\n\nCranes carry the letters by day.\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "search.sqlite3"


def write(folder: Path, slug: str, body: str) -> Pattern:
    return load_pattern(write_pattern(folder, slug, title=slug.capitalize(), body=body))


def found(file: Path, patterns: list[Pattern], words: str) -> list[tuple[str, str]]:
    database = search_index.opened(file)
    assert database is not None
    results = Index(database, {pattern.slug: pattern for pattern in patterns}).find(words, 10)
    return [(result.pattern.slug, result.passage) for result in results]


def test_a_pattern_put_again_is_found_by_its_new_words_only(tmp_path: Path, file: Path) -> None:
    with search_index.changing(file) as database:
        for slug in ("birds", "beasts"):
            search_index.put(database, Entry.of(write(tmp_path / "old", slug, OWLS)))
    with search_index.changing(file) as database:
        search_index.put(database, Entry.of(write(tmp_path / "new", "birds", CRANES)))
    patterns = [load_pattern(tmp_path / "new/birds"), load_pattern(tmp_path / "old/beasts")]
    assert [slug for slug, _ in found(file, patterns, "owls")] == ["beasts"]
    ((slug, passage),) = found(file, patterns, "cranes")
    assert slug == "birds"
    assert "<mark>Cranes</mark>" in passage


def test_a_pattern_that_was_dropped_is_not_found(tmp_path: Path, file: Path) -> None:
    patterns = [write(tmp_path, "birds", OWLS), write(tmp_path, "beasts", OWLS)]
    with search_index.changing(file) as database:
        for pattern in patterns:
            search_index.put(database, Entry.of(pattern))
        search_index.drop(database, "birds")
        search_index.drop(database, "never-there")
        assert search_index.known(database) == {"beasts": patterns[1].content_hash}
    assert [slug for slug, _ in found(file, patterns, "owls")] == ["beasts"]


def test_a_change_that_fails_leaves_the_index_as_it_was(tmp_path: Path, file: Path) -> None:
    pattern = write(tmp_path, "birds", OWLS)
    with search_index.changing(file) as database:
        search_index.put(database, Entry.of(pattern))

    def fail() -> None:
        with search_index.changing(file) as database:
            search_index.drop(database, "birds")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    assert [slug for slug, _ in found(file, [pattern], "owls")] == ["birds"]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_without_a_file_there_is_no_index(file: Path) -> None:
    assert search_index.opened(file) is None


def test_what_the_library_no_longer_has_is_not_among_the_results(tmp_path: Path, file: Path) -> None:
    pattern = write(tmp_path, "birds", OWLS)
    with search_index.changing(file) as database:
        search_index.put(database, Entry.of(pattern))
    assert found(file, [], "owls") == []
