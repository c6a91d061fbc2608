"""Sliders: the stack changes by the AWS call that is shown, within its range, and traffic is sent as chosen."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import EdgeCall, Lab
from catalogue.labs.targets import get_target
from tests.labs.conftest import CONTENT
from tests.support.waiting import await_true

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("slid", "emulator")]

HTML = {"accept": "text/html"}
SLIDERS = """\
sliders:
  - id: batch
    title: Letters in a batch
    notice: Watch the invocations.
    set: {action: set-batch-size, resource: Delivery}
    least: 1
    most: 10
  - id: letters
    title: Letters at once
    notice: Posts so many.
    send: {method: POST, path: /letters, json: {to: "{{uuid}}"}}
    least: 1
    most: 40
"""


@pytest.fixture
def slid(tmp_path: Path, settings: Settings) -> None:
    """The site's only pattern is the postbox, with two sliders."""
    folder = tmp_path / "content" / "postbox"
    shutil.copytree(CONTENT / "postbox", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "sliders.yaml").write_text(SLIDERS)
    settings.CONTENT_DIR = folder.parent


@pytest.fixture
def visitor() -> Client:
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def made(visitor: Client) -> Any:
    lab = visitor.post("/labs/", json.dumps({"pattern": "postbox"}), content_type="application/json").json()
    yield lab
    visitor.delete(f"/labs/{lab['id']}")


def move(client: Client, lab: dict[str, Any], value: Any, slider: str = "batch") -> Any:
    address = f"/labs/{lab['id']}/sliders/{slider}"
    return client.post(address, json.dumps({"value": value}), content_type="application/json")


def batch_size(lab: dict[str, Any]) -> int:
    uuid = resources_of(Lab.objects.get(pk=lab["id"]))["Delivery"].id
    return int(get_target().client("lambda").get_event_source_mapping(UUID=uuid)["BatchSize"])


def test_a_setting_changes_on_the_stack_by_the_call_that_is_shown(visitor: Client, made: dict[str, Any]) -> None:
    listed = visitor.get(f"/labs/{made['id']}/sliders").json()["sliders"]
    assert [(one["id"], one["value"], one["sends"]) for one in listed] == [
        ("batch", batch_size(made), False),
        ("letters", 1, True),
    ]
    moved = move(visitor, made, 7).json()
    assert (moved["value"], moved["says"]) == (7, "Letters in a batch: 7.")
    assert moved["cli"].startswith("aws lambda update-event-source-mapping --uuid ")
    assert moved["cli"].endswith(" --batch-size 7")
    assert batch_size(made) == 7
    assert visitor.get(f"/labs/{made['id']}/sliders").json()["sliders"][0]["value"] == 7


def test_traffic_is_sent_in_the_chosen_amount(visitor: Client, made: dict[str, Any]) -> None:
    sent = move(visitor, made, 12, "letters").json()
    assert sent["says"].startswith("Answered: 12 × 202.")
    assert sent["cli"] is None
    await_true(lambda: EdgeCall.objects.filter(lab=made["id"], status=202).count() == 12, 10)


@pytest.mark.parametrize(
    ("slider", "value", "status"),
    [
        ("purge", 3, 404),
        ("batch", 0, 422),
        ("batch", 11, 422),
        ("batch", -1, 422),
        ("batch", 2.5, 422),
        ("batch", "many", 422),
        ("batch", "٣", 422),
        ("batch", None, 422),
        ("letters", 41, 422),
    ],
)
def test_what_is_out_of_range_changes_and_sends_nothing(
    visitor: Client, made: dict[str, Any], slider: str, value: Any, status: int
) -> None:
    before = batch_size(made)
    answer = move(visitor, made, value, slider)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert batch_size(made) == before
    assert not EdgeCall.objects.filter(lab=made["id"]).exists()


def test_only_the_owner_moves_a_slider(visitor: Client, made: dict[str, Any]) -> None:
    before = batch_size(made)
    assert move(Client(), made, 7).status_code == 403
    foreign = {"Origin": "https://elsewhere.example"}
    assert visitor.post(f"/labs/{made['id']}/sliders/batch", {"value": 7}, headers=foreign).status_code == 403
    board = Client().get(f"/labs/{made['id']}/sliders?part=board", headers=HTML).content.decode()
    assert board.count("disabled") == 2
    assert "<button" not in board
    assert batch_size(made) == before


def test_a_form_without_javascript_shows_what_was_done(visitor: Client, made: dict[str, Any]) -> None:
    page = f"/labs/{made['id']}"
    answer = visitor.post(f"{page}/sliders/batch", {"value": "3"}, headers=HTML)
    assert (answer.status_code, answer["Location"]) == (303, f"{page}#slider-batch")
    shown = visitor.get(page, headers=HTML).content.decode()
    assert "Letters in a batch: 3." in shown
    assert "--batch-size 3" in shown
    assert 'max="10" step="1" value="3"' in shown
    assert batch_size(made) == 3
