"""A visitor finds their labs again, and no one else's; one press makes a lab that has answered its first request."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.utils import timezone
from pytest_django import Settings

from catalogue.labs.lifecycle.limits import digest
from catalogue.labs.lifecycle.ownership import COOKIE, remember_owner
from catalogue.labs.models import Comparison, Lab, Status

pytestmark = pytest.mark.django_db(transaction=True)

HTML = {"accept": "text/html"}


def lab_of(owner: str, **more: Any) -> Lab:
    now = timezone.now()
    values = {"pattern": "gateway-proxy", "status": Status.READY, "expires_at": now + timedelta(minutes=30)} | more
    return Lab.objects.create(owner=digest(owner), stack=f"s-{Lab.objects.count()}", boot_id="b", **values)


@pytest.fixture
def ada() -> Client:
    response = HttpResponse()
    remember_owner(response, "ada")
    client = Client()
    client.cookies[COOKIE] = response.cookies[COOKIE].value
    return client


def listed(client: Client) -> list[dict[str, Any]]:
    response = client.get("/labs/", headers={"accept": "application/json"})
    assert response["Cache-Control"] == "no-store"
    labs: list[dict[str, Any]] = json.loads(response.content)["labs"]
    return labs


def test_live_labs_of_the_cookies_owner_are_listed_by_their_nearer_end(ada: Client, settings: Settings) -> None:
    now = timezone.now()
    long = lab_of("ada")
    idle = lab_of("ada", used_at=now - timedelta(seconds=settings.LABS_IDLE_SECONDS - 60))
    lab_of("ada", status=Status.GONE)
    lab_of("grace")

    first, second = listed(ada)
    assert [first["id"], second["id"]] == [idle.pk, long.pk]
    assert 50 < first["seconds_left"] <= 60
    assert first["ends_at"] < second["ends_at"] < second["expires_at"], "the idle time ends before the lifetime"
    assert listed(Client()) == []


def test_a_lab_of_a_comparison_leads_to_the_comparison(ada: Client) -> None:
    both = Comparison.objects.create(pattern_lab=lab_of("ada"), naive_lab=lab_of("ada", variant="naive"))
    assert {lab["comparison"].rpartition("/")[2] for lab in listed(ada)} == {both.pk}
    assert "its naive twin" in ada.get("/labs/", headers=HTML).content.decode()


def test_the_page_has_a_button_to_delete_each_lab_and_comes_back(ada: Client) -> None:
    lab = lab_of("ada")
    page = ada.get("/labs/", headers=HTML)
    assert page["Cache-Control"] == "no-store"
    assert f'action="/labs/{lab.pk}/delete"' in page.content.decode()
    assert f"/live/{lab.pk}" in page.content.decode()

    gone = ada.post(f"/labs/{lab.pk}/delete", {"next": "mine"}, headers=HTML)
    assert (gone.status_code, gone["Location"]) == (303, "/labs/")
    assert "You have no lab running" in ada.get("/labs/", headers=HTML).content.decode()


@pytest.mark.lab
@pytest.mark.usefixtures("content", "emulator")
async def test_a_lab_that_is_begun_has_answered_its_first_request() -> None:
    client = AsyncClient()
    response = await client.post("/labs/begin", {"pattern": "postbox"}, headers=HTML)
    assert response.status_code == 303
    lab_id = response["Location"].removeprefix("/labs/")
    assert COOKIE in response.cookies
    page = await client.get(response["Location"], headers=HTML)
    assert "Runs of this lab" in page.content.decode()
    assert (await client.delete(f"/labs/{lab_id}")).status_code == 204


@pytest.mark.usefixtures("content")
async def test_what_cannot_be_run_is_refused_as_by_the_other_address() -> None:
    refused = await AsyncClient().post("/labs/begin", {"pattern": "none-such"}, headers=HTML)
    assert refused.status_code == 422
    foreign = await AsyncClient().post(
        "/labs/begin", {"pattern": "postbox"}, headers={**HTML, "sec-fetch-site": "cross-site"}
    )
    assert foreign.status_code == 403
