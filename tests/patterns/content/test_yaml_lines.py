from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from catalogue.patterns.content.parsing.yaml_lines import aliases, read_yaml
from catalogue.patterns.content.pattern import ContentError

TEXT = """\
title: x
steps:
  - id: one
    request:
      path: /a
  - id: two
flow: [a, b]
"""
PATH = Path("x.yaml")


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (("title",), 1),
        (("steps",), 2),
        (("steps", 0), 3),
        (("steps", 0, "request"), 4),
        (("steps", 0, "request", "path"), 5),
        (("steps", 1, "id"), 6),
        (("flow", 1), 7),
        (("steps", 1, "missing"), 6),
        (("steps", 9), 2),
        (("nowhere", "at", "all"), 1),
    ],
)
def test_a_location_has_a_line(location: tuple[str | int, ...], line: int) -> None:
    assert read_yaml(PATH, TEXT).line(*location) == line
    assert read_yaml(PATH, TEXT, offset=10).line(*location) == line + 10


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: 1\nb: [1\n", 3), ("a: 1\n\tb: 2\n", 2), ("a: b: c\n", 1), ("a: 1\nb: 2\na: 3\n", 3)],
)
def test_a_syntax_mistake_or_repeated_key_has_a_line(text: str, line: int) -> None:
    with pytest.raises(ContentError) as caught:
        read_yaml(PATH, text)
    assert (caught.value.id, caught.value.line) == ("patterns.E002", line)


def test_objects_cannot_be_made_from_yaml() -> None:
    with pytest.raises(ContentError):
        read_yaml(PATH, "a: !!python/object/apply:os.system ['true']\n")
    with pytest.raises(ContentError):
        read_yaml(PATH, "a: !Ref b\n")


def test_an_empty_text_has_no_value() -> None:
    assert read_yaml(PATH, "# nothing\n").value is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii"), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz_", min_size=1), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_plain_values_are_read_as_yaml_reads_them(value: Any) -> None:
    assert read_yaml(PATH, yaml.safe_dump(value)).value == value


def test_aliases_are_found_with_their_lines() -> None:
    assert aliases("a: &x [1]\nb: *x\nc:\n  - *x\n") == [(2, "x"), (4, "x")]
