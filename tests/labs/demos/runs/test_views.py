"""A run's addresses: kept with the lab, shared by a link, as pages without JavaScript and as JSON."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.http import parse_http_date
from pytest_django import Settings

from catalogue.labs.embedded.process import Emulator
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.models import EdgeCall, Lab, SharedRun
from catalogue.labs.models import Run as KeptRun
from catalogue.patterns.runs.document import Run
from tests.patterns.support.html import read_page

HTML = {"accept": "text/html"}


@pytest.fixture
def visitor(emulator: Emulator, content: object, transactional_db: None) -> Any:
    client = Client()
    yield client
    for lab in Lab.objects.all():
        services.end_lab(lab, "The test is over.")


@pytest.fixture
def made(visitor: Client) -> dict[str, Any]:
    response = visitor.post("/labs/", {"pattern": "postbox"}, content_type="application/json")
    assert response.status_code == 201
    return dict(response.json())


@pytest.fixture
def taken(visitor: Client, made: dict[str, Any]) -> dict[str, str]:
    """The run of a step that was taken."""
    result = visitor.post(f"/labs/{made['id']}/steps/look").json()
    assert result["ok"], result
    return dict(result["run"])


def test_a_step_keeps_its_run_and_says_where(visitor: Client, made: dict[str, Any], taken: dict[str, str]) -> None:
    assert taken["page"] == f"/labs/{made['id']}/runs/{taken['id']}"
    response = visitor.get(taken["page"])
    assert response["Content-Type"] == "application/json"
    run = Run.model_validate(response.json())
    assert [action.id for action in run.actions] == ["look"]
    assert {event.kind for event in run.events} >= {"request", "invocation", "log"}
    assert visitor.get(taken["page"] + ".json", headers=HTML).json() == response.json()


def test_the_runs_page_reads_without_javascript_and_only_its_owner_is_asked_to_share(
    visitor: Client, made: dict[str, Any], taken: dict[str, str]
) -> None:
    page = visitor.get(taken["page"], headers=HTML)
    assert page.status_code == 200
    text = page.content.decode()
    assert "Look at the counter" in text
    assert "GET /look?a=1" in text
    assert f'action="{taken["page"]}/share"' in text
    strange = Client().get(taken["page"], headers=HTML)
    assert strange.status_code == 200
    assert "/share" not in strange.content.decode()
    for response in (page, strange):
        assert response["Cache-Control"] == "no-store"
        assert response["Referrer-Policy"] == "same-origin"
        assert response["X-Robots-Tag"] == "noindex"


def test_the_views_alone_are_a_fragment(visitor: Client, taken: dict[str, str]) -> None:
    response = visitor.get(taken["page"] + "?part=views", headers=HTML)
    text = response.content.decode()
    assert "<run-player" in text
    assert "<html" not in text
    assert "data-run" in text


def test_without_javascript_a_step_leads_to_its_run(visitor: Client, made: dict[str, Any]) -> None:
    page = visitor.post(f"/labs/{made['id']}/steps/look", headers=HTML).content.decode()
    run = KeptRun.objects.get()
    assert page.count(f'href="/labs/{made["id"]}/runs/{run.pk}"') == 2  # beside the step, and in the list of runs
    listed = visitor.get(f"/labs/{made['id']}", headers=HTML).content.decode()
    assert f'href="/labs/{made["id"]}/runs/{run.pk}"' in listed


def test_another_labs_run_is_not_found_under_this_one(visitor: Client, made: dict[str, Any], taken: Any) -> None:
    assert visitor.get(f"/labs/{'A' * 22}/runs/{taken['id']}").status_code == 404
    assert visitor.get(f"/labs/{made['id']}/runs/{'A' * 22}").status_code == 404
    assert visitor.get(f"/labs/{made['id']}/runs/{'A' * 22}", headers=HTML).status_code == 404


def test_a_call_from_a_terminal_becomes_a_run(visitor: Client, made: dict[str, Any], taken: dict[str, str]) -> None:
    trace = EdgeCall.objects.get().trace
    response = visitor.post(f"/labs/{made['id']}/runs", {"trace": trace}, content_type="application/json")
    assert response.status_code == 201
    link = response.json()["run"]
    assert response["Location"] == link["page"]
    run = Run.model_validate(visitor.get(link["page"]).json())
    assert run.title == "GET /look?a=1"
    assert run.actions[0].id is None
    assert {event.kind for event in run.events} == {"request", "invocation", "log"}
    assert {event.trace for event in run.events if event.kind != "gauge"} == {trace}
    form = visitor.post(f"/labs/{made['id']}/runs", {"trace": trace}, headers=HTML)
    assert (form.status_code, form["Location"].rpartition("/")[0]) == (303, f"/labs/{made['id']}/runs")


@pytest.mark.parametrize(
    ("body", "status"),
    [({"trace": f"1-00000000-{'0' * 24}"}, 404), ({}, 422), ({"trace": 5}, 422), ({"trace": "x" * 65}, 422)],
)
def test_a_call_that_no_one_made_is_no_run(visitor: Client, made: dict[str, Any], body: Any, status: int) -> None:
    response = visitor.post(f"/labs/{made['id']}/runs", body, content_type="application/json")
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert not KeptRun.objects.exists()


def test_only_the_owner_keeps_and_shares(visitor: Client, made: dict[str, Any], taken: dict[str, str]) -> None:
    trace = {"trace": EdgeCall.objects.get().trace}
    stranger = Client()
    assert stranger.post(f"/labs/{made['id']}/runs", trace, content_type="application/json").status_code == 403
    assert stranger.post(f"{taken['page']}/share").status_code == 403
    assert visitor.post(f"{taken['page']}/share", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert not SharedRun.objects.exists()
    token = {"authorization": f"Bearer {made['token']}"}
    assert stranger.post(f"{taken['page']}/share", headers=token).status_code == 201


def test_a_shared_run_is_a_page_and_json_for_anyone(
    visitor: Client, made: dict[str, Any], taken: dict[str, str], settings: Settings
) -> None:
    response = visitor.post(f"{taken['page']}/share")
    link = response.json()
    assert (response.status_code, set(link)) == (201, {"url", "expires_at"})
    address = link["url"].removeprefix(settings.SITE_URL)
    visitor.delete(f"/labs/{made['id']}")
    stranger = Client()
    page = stranger.get(address, headers=HTML)
    text = page.content.decode()
    assert page.status_code == 200
    assert "Look at the counter" in text
    assert link["url"] in text
    assert read_page(text).all("meta", name="robots")[0]["content"] == "noindex"
    data = stranger.get(address + ".json", headers=HTML)
    assert Run.model_validate(data.json()).title == "Look at the counter"
    assert stranger.get(address, headers={"accept": "application/json"}).json() == data.json()
    for one in (page, data):
        assert one["Referrer-Policy"] == "no-referrer"
        assert one["X-Robots-Tag"] == "noindex"
        assert parse_http_date(one["Sunset"]) - timezone.now().timestamp() > 29 * 86_400
        for secret in (made["id"], made["token"], taken["id"]):
            assert secret not in one.content.decode()


def test_a_form_that_shares_leads_to_the_shared_page(visitor: Client, taken: dict[str, str]) -> None:
    response = visitor.post(f"{taken['page']}/share", headers=HTML)
    assert response.status_code == 303
    assert visitor.get(response["Location"], headers=HTML).status_code == 200


def test_past_the_days_limit_sharing_says_when_to_come_back(
    visitor: Client, made: dict[str, Any], taken: dict[str, str], settings: Settings
) -> None:
    settings.LABS_SHARES_PER_DAY = 1
    assert visitor.post(f"{taken['page']}/share").status_code == 201
    other = visitor.post(f"/labs/{made['id']}/steps/look").json()["run"]
    refused = visitor.post(f"{other['page']}/share")
    assert (refused.status_code, refused["Content-Type"]) == (429, "application/problem+json")
    assert int(refused["Retry-After"]) > 80_000
    assert visitor.post(f"{other['page']}/share", headers=HTML).status_code == 429


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [HTML, {"accept": "application/json"}])
def test_an_unknown_shared_run_is_a_404_and_one_whose_time_is_over_a_410(headers: dict[str, str]) -> None:
    client = Client()
    assert client.get(f"/runs/{'A' * 22}", headers=headers).status_code == 404
    assert client.get(f"/runs/{'A' * 22}.json", headers=headers).status_code == 404
    over = SharedRun.objects.create(run="r", owner="o", document={}, expires_at=timezone.now() - timedelta(days=1))
    for address in (f"/runs/{over.pk}", f"/runs/{over.pk}.json"):
        gone = client.get(address, headers=headers)
        assert gone.status_code == 410
        assert "has expired" in gone.content.decode()


@pytest.mark.django_db
def test_a_run_of_a_pattern_that_is_gone_is_still_shown(content: object) -> None:
    document = {
        "pattern": "unpublished",
        "title": "An old run",
        "target": "embedded",
        "run_hash": "0",
        "recorded_at": "2026-11-23T09:00:00Z",
        "ms": 5,
        "actions": [
            {"at": 0, "ms": 5, "id": None, "title": "GET /", "action": "GET /", "answers": [{"status": 200, "ms": 5}]}
        ],
        "events": [],
    }
    shared = SharedRun.objects.create(
        run="r", owner="o", document=document, expires_at=timezone.now() + timedelta(days=1)
    )
    page = Client().get(f"/runs/{shared.pk}", headers=HTML)
    assert page.status_code == 200
    assert "An old run" in page.content.decode()
    fragment = Client().get(f"/runs/{shared.pk}?part=views", headers=HTML)
    assert fragment.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", f"/runs/{'A' * 22}"),
        ("put", f"/labs/{'A' * 22}/runs/{'A' * 22}"),
        ("get", f"/labs/{'A' * 22}/runs"),
        ("get", f"/labs/{'A' * 22}/runs/{'A' * 22}/share"),
        ("delete", f"/runs/{'A' * 22}.json"),
    ],
)
@pytest.mark.django_db
def test_other_methods_are_a_405(method: str, path: str) -> None:
    response = Client(enforce_csrf_checks=True).generic(method.upper(), path)
    assert response.status_code == 405
    assert response["Allow"]
    assert (
        json.loads(
            Client(enforce_csrf_checks=True)
            .generic(method.upper(), path, headers={"accept": "application/json"})
            .content
        )["status"]
        == 405
    )


def test_a_run_of_another_version_of_the_document_is_reported_to_be_unreadable(
    visitor: Client, made: dict[str, Any], taken: dict[str, str]
) -> None:
    shared = visitor.post(taken["page"] + "/share").json()["url"].removeprefix("http://testserver")
    documents: tuple[Any, ...] = ({"version": 2}, {"actions": "none"})
    for document in documents:
        KeptRun.objects.update(document=document)
        SharedRun.objects.update(document=document or {"x": 1})
        for address in (taken["page"], shared[shared.index("/runs/") :]):
            for headers in (HTML, {"accept": "application/json"}):
                assert visitor.get(address, headers=headers).status_code == 410
    assert visitor.get(f"/labs/{made['id']}", headers=HTML).status_code == 200


@pytest.mark.django_db
def test_labs_and_runs_of_a_renamed_pattern_are_still_those_of_it() -> None:
    now = timezone.now()
    lab = Lab.objects.create(pattern="gateway-validation", expires_at=now, created_at=now, used_at=now)
    found = pattern_of(lab)
    assert found is not None
    assert found.slug == "gateway-validator"
    recorded = found.recorded
    assert recorded is not None
    document = recorded.model_dump(mode="json") | {"pattern": "gateway-validation", "title": "Gateway Validation"}
    shared = SharedRun.objects.create(run="r", owner="o", document=document, expires_at=now + timedelta(days=1))
    page = Client().get(f"/runs/{shared.pk}", headers=HTML)
    assert page.status_code == 200
    assert 'href="/patterns/gateway-validator/' in page.content.decode()
