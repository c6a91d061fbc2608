"""Challenges over HTTP: checked on the lab's own counts, by its owner only, in both formats, and remembered."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from tests.labs.conftest import CONTENT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("challenged", "emulator")]

HTML = {"accept": "text/html"}
LETTERS = "post-letters"
DEAD = "one-dead-letter"
CHALLENGES = """\
challenges:
  - id: post-letters
    title: Post three letters
    task: Three letters are accepted and delivered.
    hint: Post them.
    goals:
      - {answers: 202, method: POST, path: /letters, at_least: 3}
      - {resource: Delivered, measure: items, at_least: 3, within: 3}
    loses:
      - request: {method: POST, path: /letters, json: {to: "{{n}}"}}
    wins:
      - request: {method: POST, path: /letters, json: {to: "{{uuid}}"}, times: 3}
  - id: one-dead-letter
    title: Get one letter among the dead ones
    task: One letter is in the queue of dead letters.
    hint: Leave out the address.
    goals:
      - {resource: DeadLetters, measure: messages, equals: 1, within: 3}
    loses:
      - step: look
    wins:
      - step: no-address
"""


@pytest.fixture
def challenged(tmp_path: Path, settings: Settings) -> None:
    """The site's only pattern is the postbox, with two challenges."""
    folder = tmp_path / "content" / "postbox"
    shutil.copytree(CONTENT / "postbox", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "challenges.yaml").write_text(CHALLENGES)
    settings.CONTENT_DIR = folder.parent


@pytest.fixture
def visitor() -> Client:
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def made(visitor: Client) -> Any:
    lab = visitor.post("/labs/", json.dumps({"pattern": "postbox"}), content_type="application/json").json()
    yield lab
    visitor.delete(f"/labs/{lab['id']}")


def act(client: Client, lab: dict[str, Any], do: Any, challenge: str = LETTERS) -> Any:
    address = f"/labs/{lab['id']}/challenges/{challenge}"
    return client.post(address, json.dumps({"do": do}), content_type="application/json")


def take(client: Client, lab: dict[str, Any], step: str) -> None:
    assert client.post(f"/labs/{lab['id']}/steps/{step}", "{}", content_type="application/json").json()["ok"]


def test_it_is_lost_until_the_lab_shows_what_it_asks_for(visitor: Client, made: dict[str, Any]) -> None:
    lost = act(visitor, made, "check").json()
    assert (lost["ok"], lost["won"]) == (False, False)
    assert [(check["what"], check["ok"], check["seen"][0]) for check in lost["checks"]] == [
        ("answers 202 to POST /letters ≥ 3", False, "0"),
        ("Delivered items ≥ 3", False, "0"),
    ]
    take(visitor, made, "post")
    won = act(visitor, made, "check").json()
    assert (won["ok"], won["won"], [check["seen"] for check in won["checks"]]) == (True, True, ["5", "5"])
    listed = visitor.get(f"/labs/{made['id']}/challenges").json()["challenges"]
    assert [(one["id"], one["won"]) for one in listed] == [(LETTERS, True), (DEAD, False)]


def test_what_was_before_the_beginning_does_not_count_and_won_stays_won(visitor: Client, made: dict[str, Any]) -> None:
    take(visitor, made, "post")
    assert act(visitor, made, "check").json()["won"]
    begun = act(visitor, made, "begin").json()
    assert (begun["won"], begun["ok"], begun["checks"]) == (True, False, [])
    again = act(visitor, made, "check").json()
    assert (again["ok"], again["won"], again["checks"][0]["seen"]) == (False, True, "0")


def test_a_browser_without_javascript_plays_by_forms_and_a_later_lab_knows(
    visitor: Client, made: dict[str, Any]
) -> None:
    page = f"/labs/{made['id']}"
    answer = visitor.post(f"{page}/challenges/{DEAD}", {"do": "check"}, headers=HTML)
    assert (answer.status_code, answer["Location"]) == (303, f"{page}#challenge-{DEAD}")
    assert "Not yet." in visitor.get(page, headers=HTML).content.decode()
    take(visitor, made, "no-address")
    visitor.post(f"{page}/challenges/{DEAD}", {"do": "check"}, headers=HTML)
    shown = visitor.get(page, headers=HTML).content.decode()
    assert "Won." in shown
    assert "Not yet." not in shown
    assert "won in an earlier lab" not in shown

    visitor.delete(page)
    later = visitor.post("/labs/", json.dumps({"pattern": "postbox"}), content_type="application/json").json()
    board = visitor.get(f"/labs/{later['id']}/challenges?part=board", headers=HTML).content.decode()
    assert board.count("won in an earlier lab") == 1
    visitor.cookies["challenges_won"] = "forged"
    board = visitor.get(f"/labs/{later['id']}/challenges?part=board", headers=HTML).content.decode()
    assert "won in an earlier lab" not in board
    visitor.delete(f"/labs/{later['id']}")


@pytest.mark.parametrize(
    ("challenge", "do", "status"),
    [("no-such", "check", 404), (LETTERS, "win", 422), (LETTERS, None, 422), (LETTERS, ["check"], 422)],
)
def test_a_forged_challenge_or_action_wins_nothing(
    visitor: Client, made: dict[str, Any], challenge: str, do: Any, status: int
) -> None:
    answer = act(visitor, made, do, challenge)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert not any(one["won"] for one in visitor.get(f"/labs/{made['id']}/challenges").json()["challenges"])


def test_only_the_owner_has_a_challenge_checked(visitor: Client, made: dict[str, Any]) -> None:
    stranger = Client()
    assert act(stranger, made, "check").status_code == 403
    assert stranger.get(f"/labs/{made['id']}/challenges").status_code == 200
    board = stranger.get(f"/labs/{made['id']}/challenges?part=board", headers=HTML).content.decode()
    assert "<form" not in board
    assert visitor.get(f"/labs/{made['id']}/challenges/{LETTERS}").status_code == 405
