import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.patterns.cloudformation.template import read_template, referenced_ids
from tests.patterns.support.drafts import Draft, template


def test_resources_know_their_lines(sample: Draft) -> None:
    found = sample.pattern().template
    lines = sample.text("template.yaml").splitlines()
    for resource in found.resources.values():
        assert lines[resource.line - 1] == f"  {resource.id}:"
        assert lines[resource.end_line :][:1] in ([], [f"  {_following(found, resource.id)}:"], ["Outputs:"])


def _following(found: Any, id: str) -> str:
    ids = [*found.resources, ""]
    return str(ids[ids.index(id) + 1])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("!Ref Queue", {"Ref": "Queue"}),
        ("!GetAtt Queue.Arn", {"Fn::GetAtt": ["Queue", "Arn"]}),
        ("!GetAtt Nested.Outputs.Arn", {"Fn::GetAtt": ["Nested", "Outputs.Arn"]}),
        ("!GetAtt [Queue, Arn]", {"Fn::GetAtt": ["Queue", "Arn"]}),
        ("!Sub 'a-${Queue}'", {"Fn::Sub": "a-${Queue}"}),
        ("!Join ['', [a, !Ref Queue]]", {"Fn::Join": ["", ["a", {"Ref": "Queue"}]]}),
        ("!If [Big, 1, !Ref AWS::NoValue]", {"Fn::If": ["Big", 1, {"Ref": "AWS::NoValue"}]}),
        ("!Condition Big", {"Condition": "Big"}),
        ("2012-10-17", "2012-10-17"),
    ],
)
def test_short_intrinsics_are_read_as_long_ones(written: str, read: Any) -> None:
    found = template(f"  A:\n    Type: X::Y::Z\n    Properties:\n      V: {written}\n")
    assert found.resources["A"].properties["V"] == read


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ({"Ref": "Queue"}, {"Queue"}),
        ({"Ref": "AWS::Region"}, set()),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, {"Queue"}),
        ({"Fn::GetAtt": "Queue.Arn"}, {"Queue"}),
        ({"Fn::Sub": "${A}/${B.Arn}/${AWS::Region}/${!Literal}/$stageVariables"}, {"A", "B"}),
        ({"Fn::Sub": ["${A}/${B}", {"B": {"Ref": "C"}}]}, {"A", "C"}),
        (
            [{"x": {"Fn::Join": ["", [{"Ref": "A"}, "b"]]}}, {"y": {"Fn::If": ["Big", {"Ref": "C"}, 1]}}],
            {"A", "C"},
        ),
        ("Queue", set()),
        (None, set()),
    ],
)
def test_references_are_found_at_any_depth(value: Any, ids: set[str]) -> None:
    assert referenced_ids(value) == ids


LOGICAL = st.text(string.ascii_letters, min_size=1, max_size=8)


@given(st.lists(LOGICAL, max_size=4), st.text("abc-/:", max_size=10))
def test_a_sub_refers_to_just_what_it_names(ids: list[str], between: str) -> None:
    text = between.join(f"${{{id}.Arn}}" for id in ids)
    assert referenced_ids({"Fn::Sub": text}) == set(ids)


def test_outputs_and_parameters_are_at_hand() -> None:
    found = read_template(
        Path("t.yaml"),
        "Parameters: {Size: {Type: Number}}\nResources: {A: {Type: B::C::D}}\nOutputs: {E: {Value: 1}}\n",
    )
    assert (set(found.parameters), set(found.outputs)) == ({"Size"}, {"E"})
    assert found.line("Outputs", "E") == 3
