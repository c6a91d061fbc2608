"""The diagram of a naive twin is drawn from its own template, and can be lit like the pattern's."""

import re
from dataclasses import replace

import pytest

from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.diagrams.twin import render_twin

TWINS = [pattern for pattern in library().patterns() if pattern.naive is not None]


@pytest.mark.parametrize("pattern", TWINS, ids=lambda pattern: pattern.slug)
def test_every_twin_shows_how_a_call_reaches_its_functions(pattern: Pattern) -> None:
    drawn = render_twin(pattern)
    edges = set(re.findall(r'data-edge="(\w+)&gt;(\w+)"', drawn))
    reached, more = {"Caller"}, True
    while more:
        found = {target for source, target in edges if source in reached} - reached
        reached |= found
        more = bool(found)
    assert pattern.naive is not None
    functions = {one.id for one in pattern.naive.of_type("AWS::Serverless::Function")}
    assert functions & reached
    assert f"/patterns/{pattern.slug}/source/naive.yaml#L" in drawn
    assert "source/template.yaml" not in drawn


def test_a_pattern_without_a_twin_has_no_such_diagram() -> None:
    assert render_twin(replace(TWINS[0], naive=None)) == ""
