"""What the lab panel's templates say of a demo."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from catalogue.patterns.content.pattern import load_pattern
from catalogue.patterns.content.schemas.pattern import Demo, Step
from catalogue.patterns.documents.download.curl import command
from catalogue.patterns.views.tags.demo import first_call

CONTENT = Path(settings.BASE_DIR) / "patterns_content"
ENDPOINT = "https://example.org/live/x"


def step(id: str, status: int, **fields: object) -> Step:
    request = {"method": "GET", "path": f"/{id}", **fields}
    return Step.model_validate({"id": id, "title": id, "notice": id, "request": request, "expect": {"status": status}})


@pytest.mark.parametrize(
    ("steps", "first"),
    [
        ([step("order", 202, method="POST"), step("read", 200)], "read"),
        ([step("order", 202, method="POST"), step("refused", 403), step("mine", 200, path="/{{id}}")], "order"),
        ([step("signed", 200, headers={"Authorization": "x"}), step("ten", 200, times=10, at_once=5)], "ten"),
    ],
)
def test_the_first_call_reads_and_needs_nothing_or_else_is_the_demos_first(steps: list[Step], first: str) -> None:
    demo = Demo(story="A story.", steps=tuple(steps))
    (request,) = (one.request for one in steps if one.id == first)
    assert request is not None
    once = request.model_copy(update={"times": 1, "at_once": 1})
    assert first_call(demo, ENDPOINT) == command(once, ENDPOINT)


@pytest.mark.parametrize("slug", sorted(folder.parent.name for folder in CONTENT.glob("*/demo.yaml")))
def test_every_patterns_first_call_can_be_made_as_it_stands(slug: str) -> None:
    demo = load_pattern(CONTENT / slug).demo
    assert demo is not None
    shown = first_call(demo, ENDPOINT)
    taken = next(
        step for step in demo.steps if first_call(demo.model_copy(update={"steps": (step,)}), ENDPOINT) == shown
    )
    assert taken.expect.status in (200, 201, 202)
    assert not re.search(r"\{\{|\$(?!\(uuidgen )", shown), "no value of an earlier step"
