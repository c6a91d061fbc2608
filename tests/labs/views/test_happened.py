"""GET /labs/<id>/events.json: what has happened so far, read at once."""

import json
from typing import Any

import pytest
from django.test import Client

from catalogue.labs.edge.client import call_edge
from catalogue.labs.models import Lab, Status
from tests.labs.conftest import Deploy, run
from tests.support.waiting import await_true
from tests.web.test_openapi import validate

pytestmark = pytest.mark.lab


@pytest.fixture
def ready(deploy: Deploy, postbox: Any) -> Lab:
    return deploy(postbox)


def read(client: Client, lab: Lab) -> dict[str, Any]:
    answer = client.get(f"/labs/{lab.pk}/events.json")
    assert answer.status_code == 200, answer.content
    assert answer.headers["Cache-Control"] == "no-store"
    document: dict[str, Any] = json.loads(answer.content)
    validate("LabHappened", document)
    return document


def test_a_lab_without_a_call_has_its_state_and_its_counts(client: Client, ready: Lab) -> None:
    document = read(client, ready)

    assert {one["event"] for one in document["events"]} == {"state", "gauge"}
    assert document["expects_more"] is False


def test_a_call_is_there_with_all_that_it_caused_once_no_more_is_expected(client: Client, ready: Lab) -> None:
    run(call_edge(ready.pk, "POST", "/checked?stamp=a", {}))

    def is_over() -> bool:
        document = read(client, ready)
        events = document["events"]
        return not document["expects_more"] and {"request", "invocation"} <= {one["event"] for one in events}

    await_true(is_over, 60)
    (request,) = (one["data"] for one in read(client, ready)["events"] if one["event"] == "request")
    assert (request["method"], request["path"]) == ("POST", "/checked?stamp=a")


def test_a_lab_that_is_over_has_nothing_to_be_read(client: Client, ready: Lab) -> None:
    Lab.objects.filter(pk=ready.pk).update(status=Status.GONE, reason="Its time is over.")

    assert client.get(f"/labs/{ready.pk}/events.json").status_code == 410
    assert client.get(f"/labs/{'A' * 22}/events.json").status_code == 404
    assert client.post(f"/labs/{ready.pk}/events.json").status_code == 405
