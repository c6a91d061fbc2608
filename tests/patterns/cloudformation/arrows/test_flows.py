"""The prover on templates of our own: one for each kind of relation, with and without it."""

import contextlib
import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.patterns.cloudformation.arrows.prover import Proven, proven
from catalogue.patterns.cloudformation.stack.sam import NotTranslated
from catalogue.patterns.cloudformation.template import read_template
from catalogue.patterns.services.kinds import KINDS
from catalogue.patterns.services.registry import registry
from tests.patterns.cloudformation.arrows.flows import FRAGMENTS
from tests.patterns.cloudformation.arrows.fragments import Fragment

HEAD = """AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Parameters:
  Name: {Type: String}
  Stage: {Type: String, Default: prod}
Conditions:
  Always: !Equals [!Ref Stage, prod]
  Never: !Not [!Condition Always]
Resources:
"""
ONLY_WAITING = "a machine that waits for another"
"""Without `.sync` the machine starts the other and goes on: the arrow stays, the waiting goes."""


def prove(resources: str, head: str = HEAD, folder: Path = Path("folder")) -> Proven:
    return proven(read_template(folder / "template.yaml", head + resources).document, registry())


def shown(found: Proven) -> set[str]:
    return {f"{one.source}>{one.target} {one.kind}{'!' if one.waits else ''}" for one in found.arrows}


def expected(fragment: Fragment, prefix: str, *, flows: bool) -> set[str]:
    if fragment.name == ONLY_WAITING and not flows:
        return {arrow.removesuffix("!") for arrow in fragment.expected(prefix, flows=True)}
    return fragment.expected(prefix, flows=flows)


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda fragment: fragment.name)
@pytest.mark.parametrize("flows", [True, False], ids=["flows", "does not"])
def test_what_flows_is_proven_and_nothing_else(fragment: Fragment, flows: bool) -> None:
    assert shown(prove(fragment.resources("A", flows=flows))) == expected(fragment, "A", flows=flows)


def test_every_kind_that_flows_is_described() -> None:
    kinds = {arrow.split()[-1].removesuffix("!") for part in FRAGMENTS for arrow in (*part.arrows, *part.always)}
    assert kinds <= KINDS.keys()


@given(
    parts=st.lists(st.tuples(st.sampled_from(FRAGMENTS), st.booleans()), min_size=2, max_size=6),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_pieces_in_one_template_prove_what_each_of_them_proves(parts: list[tuple[Fragment, bool]]) -> None:
    prefixes = [f"{letter}x" for letter in "ABCDEF"]
    text = "".join(part.resources(prefix, flows=on) for prefix, (part, on) in zip(prefixes, parts, strict=False))
    truth = [expected(part, prefix, flows=on) for prefix, (part, on) in zip(prefixes, parts, strict=False)]
    assert shown(prove(text)) == set().union(*truth)


def test_an_empty_properties_key_is_no_mistake() -> None:
    assert shown(prove("  AQueue:\n    Type: AWS::SQS::Queue\n    Properties:\n")) == set()


ODD: tuple[Any, ...] = (None, 3, "x", [], {}, ["a", {}], {"Ref": "Missing"}, {"Fn::Sub": 3}, True)


@given(fragment=st.sampled_from(FRAGMENTS), at=st.integers(0, 10_000), odd=st.sampled_from(ODD))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_value_of_another_shape_is_read_or_refused_by_sam(fragment: Fragment, at: int, odd: object) -> None:
    document = read_template(Path("folder/template.yaml"), HEAD + fragment.resources("A", flows=True)).document
    value = copy.deepcopy(document.value)
    places = list(inner_places(value["Resources"]))
    container, key = places[at % len(places)]
    container[key] = copy.deepcopy(odd)
    with contextlib.suppress(NotTranslated):
        proven(replace(document, value=value), registry())


def inner_places(resources: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Each place inside the properties of the resources, as a container and a key."""
    waiting = [resource["Properties"] for resource in resources.values() if resource.get("Properties")]
    while waiting:
        container = waiting.pop()
        for key in container if isinstance(container, dict) else range(len(container)):
            yield container, key
            if isinstance(container[key], (dict, list)):
                waiting.append(container[key])
