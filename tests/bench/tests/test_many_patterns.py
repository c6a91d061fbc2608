"""The benchmark's patterns are valid content, and no two of them are the same."""

import re
from itertools import combinations
from pathlib import Path

import pytest

from catalogue.patterns.content.checks import content_mistakes
from catalogue.patterns.content.pattern import load_pattern, pattern_folders
from catalogue.patterns.documents.prose.render import render_body
from tests.bench import many_patterns

COUNT = 2 * len(pattern_folders(many_patterns.CONTENT)) + 1
"""Two of each, and one of the next round, whose relations lead to the round before."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("many")
    many_patterns.make(COUNT, into)
    return into


def test_generated_content_has_no_mistake(folder: Path) -> None:
    assert len(pattern_folders(folder)) == COUNT
    assert content_mistakes(folder) == []


def test_no_two_copies_share_a_file_a_section_or_a_label(folder: Path) -> None:
    patterns = [load_pattern(each) for each in pattern_folders(folder)]
    for one, other in combinations(patterns, 2):
        assert one.title != other.title
        shared = {file.text for file in one.files} & {file.text for file in other.files}
        assert {file.path for file in one.files if file.text in shared} <= {"functions/quote/tariff.json"}
        if one.slug.rpartition("-")[0] == other.slug.rpartition("-")[0]:
            assert {node.label for node in one.diagram.nodes} & {node.label for node in other.diagram.nodes} == set()


def test_no_paragraph_and_no_piece_of_code_is_rendered_twice(folder: Path) -> None:
    bodies = [
        "".join(section.html for section in render_body(load_pattern(each)).sections)
        for each in pattern_folders(folder)
    ]
    pieces = [set(re.findall(r"<p>(?!</p>).*?</p>|<pre.*?</pre>", body, re.DOTALL)) for body in bodies]
    for one, other in combinations(pieces, 2):
        assert one & other == set()


def test_the_recorded_run_is_the_copys_own(folder: Path) -> None:
    for each in pattern_folders(folder):
        recorded = load_pattern(each).recorded
        assert recorded is not None
        assert recorded.pattern == each.name


def test_the_same_number_makes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    many_patterns.make(COUNT, tmp_path)

    def content(of: Path) -> dict[str, bytes]:
        return {str(file.relative_to(of)): file.read_bytes() for file in of.rglob("*") if file.is_file()}

    assert content(tmp_path) == content(folder)


def test_too_few_patterns_would_have_links_to_nowhere(tmp_path: Path) -> None:
    originals = len(pattern_folders(many_patterns.CONTENT))
    with pytest.raises(ValueError, match=f"At least {originals} patterns"):
        many_patterns.make(originals - 1, tmp_path)
