"""GET /labs/<id>/inside/<resource>: as JSON, as a page, as a part of a page, and its refusals."""

import json
from typing import Any

import pytest
from django.test import Client

from catalogue.labs.models import Lab, Status
from catalogue.labs.views import inside
from tests.labs.conftest import Deploy
from tests.web.test_openapi import validate

pytestmark = pytest.mark.lab

HTML = {"Accept": "text/html"}


@pytest.fixture
def ready(deploy: Deploy, postbox: Any) -> Lab:
    return deploy(postbox)


def test_a_program_gets_what_is_described(client: Client, ready: Lab) -> None:
    answer = client.get(f"/labs/{ready.pk}/inside/Api")
    assert answer.headers["Cache-Control"] == "no-store"
    document = json.loads(answer.content)
    validate("LabInside", document)
    assert document["kind"] == "Routes"
    assert "POST /checked" in {entry["title"] for entry in document["entries"]}
    function = json.loads(client.get(f"/labs/{ready.pk}/inside/Web").content)
    validate("LabInside", function)
    assert function["log"] == []


def test_a_reader_without_scripts_gets_there_from_the_lab_s_page(client: Client, ready: Lab) -> None:
    page = client.get(f"/labs/{ready.pk}", headers=HTML).content.decode()
    assert f'href="/labs/{ready.pk}/inside/Api"' in page
    inside_page = client.get(f"/labs/{ready.pk}/inside/Api", headers=HTML)
    text = inside_page.content.decode()
    assert "<h1>" in text
    assert "POST /checked" in text
    assert f'href="/labs/{ready.pk}"' in text
    assert "source/template.yaml#L6" in text
    part = client.get(f"/labs/{ready.pk}/inside/Api?part=view").content.decode()
    assert "POST /checked" in part
    assert "<h1>" not in part


@pytest.mark.parametrize(("path", "status"), [("Nothing", 404), ("Api?part=all", 422)])
def test_what_cannot_be_seen_is_refused(client: Client, ready: Lab, path: str, status: int) -> None:
    answer = client.get(f"/labs/{ready.pk}/inside/{path}")
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_lab_that_is_over_cannot_be_looked_into(client: Client, ready: Lab) -> None:
    client.post(f"/labs/{ready.pk}/inside/Api")
    assert client.post(f"/labs/{ready.pk}/inside/Api").status_code == 405
    Lab.objects.filter(pk=ready.pk).update(status=Status.GONE, reason="Its time is over.")
    assert client.get(f"/labs/{ready.pk}/inside/Api").status_code == 410
    Lab.objects.filter(pk=ready.pk).update(status=Status.READY)


def test_one_lab_cannot_keep_the_site_busy_with_looks(client: Client, ready: Lab) -> None:
    with inside._looks.one_of(ready.pk), inside._looks.one_of(ready.pk):
        answer = client.get(f"/labs/{ready.pk}/inside/Api")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "1"
    assert client.get(f"/labs/{ready.pk}/inside/Api").status_code == 200
