"""Comparisons over HTTP: made, run, looked at and deleted, as JSON and as pages that need no script."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from catalogue.labs.demos.comparisons import services, views
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.models import Comparison, Lab
from catalogue.patterns.content.pattern import Pattern
from tests.labs.demos.comparisons.conftest import live_labs
from tests.patterns.support.html import read_page
from tests.web.test_openapi import validate

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

HTML = {"accept": "text/html"}


@pytest.fixture
def visitor(twins: Pattern, emulator: Emulator) -> Client:
    return Client(enforce_csrf_checks=True)


def create(client: Client, **options: Any) -> Any:
    fields = json.dumps({"pattern": "postbox"})
    return client.post("/labs/comparisons/", fields, content_type="application/json", **options)


@pytest.fixture
def made(visitor: Client) -> Iterator[Any]:
    response = create(visitor)
    assert response.status_code == 201, response.content
    yield json.loads(response.content)
    for comparison in Comparison.objects.all():
        services.delete_comparison(comparison)


def path(made: dict[str, Any], rest: str = "") -> str:
    return f"/labs/comparisons/{made['id']}{rest}"


def test_it_is_made_with_two_ready_labs_and_a_token_of_each(visitor: Client, made: dict[str, Any]) -> None:
    assert made["page"].endswith(path(made))
    assert made["state"] == "ready"
    assert {side: (lab["variant"], lab["status"]) for side, lab in made["labs"].items()} == {
        "pattern": ("pattern", "ready"),
        "naive": ("naive", "ready"),
    }
    assert all(lab["token"] for lab in made["labs"].values())
    validate("CreatedComparison", made)
    again = json.loads(visitor.get(path(made)).content)
    assert not any("token" in lab for lab in again["labs"].values())


def test_run_by_json_it_answers_with_the_figures_of_both(visitor: Client, made: dict[str, Any]) -> None:
    response = visitor.post(path(made, "/run"))
    assert response.status_code == 200, response.content
    done = json.loads(response.content)
    assert done["state"] == "done"
    figures = {figure["id"]: figure for figure in done["result"]["figures"]}
    assert (figures["lost"]["pattern"], figures["lost"]["naive"], figures["lost"]["better"]) == (0, 3, "pattern")
    assert figures["requests"]["pattern"] == 5
    for side in ("pattern", "naive"):
        assert visitor.get(done["result"]["sides"][side]["run"], headers=HTML).status_code == 200
    assert json.loads(visitor.get(path(made)).content)["result"] == done["result"]
    validate("ComparisonState", done)


def test_a_visit_without_a_script(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        views, "_FORM_WAITS_SECONDS", 60
    )  # the test's own client has no loop in which a run could go on
    start = read_page(visitor.get("/patterns/postbox/").content.decode())
    assert [form["method"] for form in start.all("form", action="/labs/comparisons/")] == ["post"]

    to_page = visitor.post("/labs/comparisons/", {"pattern": "postbox"}, headers=HTML)
    assert to_page.status_code == 303
    address = to_page["Location"]
    text = visitor.get(address, headers=HTML).content.decode()
    assert f'action="{address}/run"' in text
    assert "Somebody has to carry them." not in text  # the lesson comes after the run

    done = visitor.post(f"{address}/run", headers=HTML)
    assert (done.status_code, done["Location"]) == (303, f"{address}#result")
    text = visitor.get(address, headers=HTML).content.decode()
    assert "Letters not delivered" in text
    assert "Somebody has to carry them." in text
    for lab in Lab.objects.all():
        assert f"/live/{lab.pk}/letters" in text
    dear = visitor.get(f"{address}?per_month=100000000&free_tier=on", headers=HTML).content.decode()
    assert '<option value="100000000" selected>' in dear

    gone = visitor.post(f"{address}/delete", headers=HTML)
    assert (gone.status_code, gone["Location"]) == (303, "/patterns/postbox/")
    assert live_labs() == 0
    after = visitor.get(address, headers=HTML).content.decode()
    assert "You deleted it." in after
    assert "Start a new comparison" in after


def test_only_cookie_or_a_token_of_either_lab_run_and_delete_it(visitor: Client, made: dict[str, Any]) -> None:
    stranger = Client()
    assert stranger.post(path(made, "/run")).status_code == 403
    assert stranger.post(path(made, "/delete")).status_code == 403
    assert stranger.post(path(made, "/run"), headers={"authorization": "Bearer wrong"}).status_code == 403
    assert visitor.post(path(made, "/run"), headers={"origin": "https://evil.example"}).status_code == 403
    assert create(visitor, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert "start your own comparison" in stranger.get(path(made), headers=HTML).content.decode()
    for side, status in (("naive", 200), ("pattern", 200)):
        token = {"authorization": f"Bearer {made['labs'][side]['token']}"}
        assert stranger.post(path(made, "/run"), headers=token).status_code == status
    assert stranger.post(path(made, "/delete"), headers=token).status_code == 204
    assert live_labs() == 0


def test_while_it_runs_no_one_starts_it_again(visitor: Client, made: dict[str, Any]) -> None:
    Comparison.objects.update(state="running", started_at=timezone.now())
    response = visitor.post(path(made, "/run"))
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert json.loads(response.content)["title"] == "A run is in progress"
    assert "Running …" in visitor.get(path(made), headers=HTML).content.decode()


def test_without_room_a_visitor_sees_why_and_is_offered_to_delete(
    visitor: Client, made: dict[str, Any], settings: Settings
) -> None:
    settings.LABS_PER_VISITOR = 3
    refused = create(visitor)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert len(json.loads(refused.content)["labs"]) == 2
    page = visitor.post("/labs/comparisons/", {"pattern": "postbox"}, headers=HTML)
    assert (page.status_code, page["Cache-Control"]) == (429, "no-store")
    for lab in made["labs"].values():
        assert f'action="/labs/{lab["id"]}/delete"' in page.content.decode()


def test_once_a_lab_is_gone_there_is_nothing_to_run(visitor: Client, made: dict[str, Any]) -> None:
    visitor.delete(f"/labs/{made['labs']['naive']['id']}")
    assert visitor.post(path(made, "/run")).status_code == 410
    assert "The twin’s lab is gone." in visitor.get(path(made), headers=HTML).content.decode()


@pytest.mark.parametrize("fields", [{}, {"pattern": "nothing-of-the-kind"}, {"pattern": 7}])
def test_what_cannot_be_compared_is_refused(visitor: Client, fields: dict[str, Any]) -> None:
    response = visitor.post("/labs/comparisons/", json.dumps(fields), content_type="application/json")
    assert response.status_code == 422


def test_a_pattern_without_a_twin_has_nothing_to_compare_with(visitor: Client, twins: Pattern) -> None:
    (twins.folder / "naive.yaml").unlink()
    (twins.folder / "compare.yaml").unlink()
    assert create(visitor).status_code == 422
    assert "/labs/comparisons/" not in visitor.get("/patterns/postbox/").content.decode()


@pytest.mark.parametrize("query", ["per_month=0", "per_month=-1", "per_month=x", "per_month=10000000000", "per_month="])
def test_a_rate_that_is_none_is_refused(visitor: Client, made: dict[str, Any], query: str) -> None:
    assert visitor.get(f"{path(made)}?{query}", headers=HTML).status_code == 422


def test_unknown_addresses_and_wrong_methods(visitor: Client, made: dict[str, Any]) -> None:
    assert visitor.get("/labs/comparisons/AAAAAAAAAAAAAAAAAAAAAA").status_code == 404
    assert visitor.get("/labs/comparisons/").status_code == 405
    assert visitor.get(path(made, "/run")).status_code == 405
    assert visitor.delete(path(made)).status_code == 405
