"""The page of an opened template before its stack is there."""

import json
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from catalogue.labs.views.boards import opening
from catalogue.patterns.content import library
from catalogue.patterns.content.projects.reading import read_project

TEMPLATE = """
Resources:
  Orders: {Type: AWS::SQS::Queue}
"""
HTML = {"Accept": "text/html"}


@pytest.fixture
def address(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    settings.PROJECT_TEMPLATE = str(tmp_path / "template.yaml")
    settings.PROJECT_OWNER = "the-owner-of-this-one"
    pattern = read_project(tmp_path / "template.yaml")
    monkeypatch.setattr(library, "_kept", library.library_of(pattern))
    monkeypatch.setattr(opening, "_now", opening._Opening())
    return opening.opening_address().removeprefix(settings.SITE_URL)


def test_the_drawing_is_shown_with_how_far_the_deployment_is_and_without_a_database(
    client: Client, address: str
) -> None:
    opening.say_how_far("Deploying 1 resource.")

    page = client.get(address, headers=HTML)

    assert page.status_code == 200
    assert 'data-node="Orders"' in page.text
    assert "Deploying 1 resource." in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert json.loads(client.get(address).content) == {"says": "Deploying 1 resource.", "page": ""}


def test_it_leads_to_the_labs_page_once_there_is_one(client: Client, address: str) -> None:
    opening.lead_to("/labs/AAAAAAAAAAAAAAAAAAAAAA")

    led = client.get(address, headers=HTML)

    assert (led.status_code, led.headers["Location"]) == (302, "/labs/AAAAAAAAAAAAAAAAAAAAAA")
    assert json.loads(client.get(address).content)["page"] == "/labs/AAAAAAAAAAAAAAAAAAAAAA"


def test_the_address_cannot_be_guessed_and_a_catalogue_has_none(
    client: Client, address: str, settings: Settings
) -> None:
    assert client.get(f"/labs/opening/{'a' * 32}").status_code == 404
    settings.PROJECT_OWNER = ""
    assert client.get(address).status_code == 404
