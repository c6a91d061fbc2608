"""The preference page: choices and pause, by a signed link."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalogue.newsletter.models import Delivery
from catalogue.newsletter.subscribers import tokens
from tests.newsletter.mail.test_updates import reader, recipients, released
from tests.newsletter.support.helpers import page_of, snapshot

pytestmark = pytest.mark.django_db


def test_reading_changes_nothing(client: Client) -> None:
    ada = reader("ada")
    before = snapshot()
    for address in (page_of(ada), f"{page_of(ada)}/data", f"{page_of(ada)}/erase"):
        assert client.get(address).status_code == 200
        assert client.head(address).status_code == 200
    assert snapshot() == before


@pytest.mark.parametrize("path", ["", "/pause", "/address", "/data", "/erase"])
@pytest.mark.parametrize("spoil", ["cut", "swapped", "none"])
def test_a_link_that_is_not_ours_opens_nothing(client: Client, path: str, spoil: str) -> None:
    ada = reader("ada")
    token = {
        "cut": tokens.preferences_token(ada.ref)[:-3],
        "swapped": tokens.unsubscribe_token(ada.ref),
        "none": "x",
    }[spoil]
    before = snapshot()
    for method in (client.get, client.post):
        assert method(f"/newsletter/preferences/{token}{path}").status_code in (404, 405)
    assert snapshot() == before


def test_choices_are_kept_and_shown(client: Client) -> None:
    ada = reader("ada")
    chosen: dict[str, Any] = {"level": ["100", "300"], "topic": ["sqs", "no-such"], "revisions": "no"}
    answer = client.post(page_of(ada), chosen)
    assert answer.status_code == 303
    ada.refresh_from_db()
    assert (ada.levels, ada.revisions) == (5, False)
    assert list(ada.topics.values_list("service", flat=True)) == ["sqs"]
    html = client.get(answer["Location"]).content.decode()
    assert "Your choices are saved." in html
    assert 'name="level" value="200">' in html
    assert 'name="level" value="100" checked>' in html


@pytest.mark.parametrize(
    "wish", [{"topic": ["sqs", "no-such"]}, {"level": ["100", "150"]}, {"revisions": "perhaps"}, {"level": "\ufffd"}]
)
def test_a_choice_that_means_nothing_is_reported_to_a_program(client: Client, wish: dict[str, Any]) -> None:
    ada = reader("ada")
    before = snapshot()
    answer = client.post(page_of(ada), {"level": "100"} | wish, headers={"accept": "application/json"})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert snapshot() == before


def test_no_level_at_all_is_refused_in_words(client: Client) -> None:
    ada = reader("ada")
    answer = client.post(page_of(ada), {"topic": ["sqs"]})
    assert answer.status_code == 422
    assert answer.content.decode().count("Choose at least one level") == 1
    ada.refresh_from_db()
    assert ada.levels == 7


def test_choices_that_are_refused_are_shown_as_they_were_sent(client: Client) -> None:
    ada = reader("ada")
    html = client.post(page_of(ada), {"topic": ["sqs"], "revisions": "no"}).content.decode()
    assert re.findall(r'name="level" value="(\d+)" checked', html) == []
    assert re.findall(r'name="topic" value="(\w+)" checked', html) == ["sqs"]
    assert re.findall(r'name="revisions" value="(\w+)" checked', html) == ["no"]
    assert html.count(" autofocus") == 1
    assert "aria-invalid" not in html.partition("</fieldset>")[2]


@pytest.mark.parametrize(
    ("saved", "said"), [("pause", "are paused"), ("resume", "are on again"), ("address", "on its way")]
)
def test_an_address_cannot_make_the_page_claim_what_is_not_so(client: Client, saved: str, said: str) -> None:
    paused = timezone.now() + timedelta(days=1)
    so: dict[str, Any] = {"pause": {"paused_until": paused}, "address": {"new_key": "new@example.org"}}
    not_so: dict[str, Any] = {"resume": {"paused_until": paused}, "pause": {"paused_until": timezone.now()}}
    for name, fields, shown in (("ada", so, True), ("bob", not_so, False)):
        html = client.get(f"{page_of(reader(name, **fields.get(saved, {})))}?saved={saved}").content.decode()
        assert (said in html) is shown


def test_a_choice_takes_back_mail_that_is_queued_and_no_longer_wanted(client: Client) -> None:
    ada = reader("ada")
    released()
    client.post(page_of(ada), {"level": ["100"], "revisions": "yes"})
    assert Delivery.objects.get().state == "suppressed"


def test_a_pause_holds_updates_back_for_its_time(client: Client) -> None:
    ada = reader("ada")
    assert client.post(f"{page_of(ada)}/pause", {"days": "30"}).status_code == 303
    ada.refresh_from_db()
    assert ada.paused_until is not None
    assert timedelta(days=29) < ada.paused_until - timezone.now() <= timedelta(days=30)
    released()
    assert recipients() == []
    client.post(f"{page_of(ada)}/pause", {"days": "0"})
    ada.refresh_from_db()
    assert ada.paused_until is None
    assert client.post(f"{page_of(ada)}/pause", {"days": "100000000"}).status_code == 422
