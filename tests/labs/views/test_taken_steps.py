"""A lab's steps keep their last results: for a reload, for another tab, and without scripts."""

import json
from typing import Any

import pytest
from django.test import Client

from catalogue.labs.demos.expectations import Check, StepAnswer
from catalogue.labs.demos.runner import StepResult
from catalogue.labs.demos.steps.represent import came_of, taken_steps
from catalogue.labs.demos.steps.services import keep_step
from catalogue.labs.models import Lab, TakenStep
from catalogue.labs.models import Run as KeptRun
from tests.web.test_openapi import validate

pytestmark = pytest.mark.lab


def take(visitor: Client, lab: str, step: str) -> dict[str, Any]:
    answer = visitor.post(f"/labs/{lab}/steps/{step}", "{}", content_type="application/json")
    assert answer.status_code == 200, answer.content
    result: dict[str, Any] = json.loads(answer.content)
    return result


def steps_of(client: Client, lab: str) -> list[dict[str, Any]]:
    document = json.loads(client.get(f"/labs/{lab}/steps").content)
    validate("TakenSteps", document)
    steps: list[dict[str, Any]] = document["steps"]
    return steps


def test_a_result_is_found_again_and_the_newest_counts(visitor: Client, ready: str) -> None:
    assert steps_of(visitor, ready) == []
    first = take(visitor, ready, "look")
    assert steps_of(visitor, ready) == [first]
    second = take(visitor, ready, "look")
    assert second["run"] != first["run"]
    assert steps_of(visitor, ready) == [second]


def test_only_its_owner_sees_what_was_answered(visitor: Client, ready: str) -> None:
    take(visitor, ready, "look")
    assert Client().get(f"/labs/{ready}/steps").status_code == 403
    page = Client().get(f"/labs/{ready}", headers={"Accept": "text/html"}).content.decode()
    assert "is-done" not in page


def test_the_lab_s_page_shows_it_without_scripts(visitor: Client, ready: str) -> None:
    html = {"Accept": "text/html"}
    assert "is-done" not in visitor.get(f"/labs/{ready}", headers=html).content.decode()
    result = take(visitor, ready, "look")
    page = visitor.get(f"/labs/{ready}", headers=html).content.decode()
    assert page.count("is-done") == 1
    assert came_of(result) in page
    assert result["run"]["page"] in page


def test_a_result_without_its_run_has_no_link(visitor: Client, ready: str) -> None:
    take(visitor, ready, "look")
    KeptRun.objects.all().delete()
    (result,) = steps_of(visitor, ready)
    assert "run" not in result


def test_what_is_kept_of_a_result_is_bounded(visitor: Client, ready: str) -> None:
    lab = Lab.objects.get(pk=ready)
    run = KeptRun.objects.create(lab=lab, document={})
    long = StepAnswer(200, {"x": "y"}, "x" * 100_000, 1.0)
    keep_step(lab, StepResult("one", (long,)), run)
    keep_step(lab, StepResult("many", (long,) * 500), run)
    one, many = taken_steps(lab)
    assert one["answers"][0]["body"] == "x" * 4_000 + " …"
    assert len(many["answers"]) == 100
    assert many["answers"][0] == {"status": 200, "headers": {}, "body": "", "ms": 1.0}
    lab.delete()
    assert not TakenStep.objects.exists()


@pytest.mark.parametrize(
    ("statuses", "ok", "said"),
    [
        ((202,), True, "202 in 8 ms"),
        ((202, 429, 202), True, "2 × 202, 1 × 429"),
        ((), True, "done"),
        ((500,), False, "500 in 8 ms; not as expected"),
    ],
)
def test_a_result_in_a_few_words(statuses: tuple[int, ...], ok: bool, said: str) -> None:
    document = {"ok": ok, "answers": [vars(StepAnswer(status, {}, "", 8.2)) for status in statuses]}
    assert came_of(document) == said
    assert StepResult("x", (), (Check("a", ok, "b"),)).ok is ok
