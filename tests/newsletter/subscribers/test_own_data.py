"""What is kept about a person: added to, taken away by them, erased."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Model
from django.test import Client

from catalogue.newsletter import services
from catalogue.newsletter.models import (
    ConsentRecord,
    Delivery,
    Subscriber,
    SubscribeRequest,
    Suppression,
    Topic,
    Update,
)
from catalogue.newsletter.subscribers import consent
from catalogue.newsletter.subscribers.addresses import parse
from catalogue.newsletter.subscribers.consent import Source
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from tests.newsletter.mail.test_updates import reader, released
from tests.newsletter.support.helpers import SUBSCRIBE, link, page_of, received, snapshot

pytestmark = pytest.mark.django_db


def test_consent_records_are_only_ever_added() -> None:
    ada = reader("ada")
    consent.record(ada, ConsentRecord.Event.REQUESTED, Source())
    record = ConsentRecord.objects.get()
    refused: list[Callable[[], object]] = [
        record.save,
        record.delete,
        ConsentRecord.objects.all().delete,
        ada.consent.all().delete,
        lambda: ConsentRecord.objects.update(address="x@example.com"),
        lambda: ada.consent.update(address="x@example.com"),
        lambda: ConsentRecord.objects.bulk_update([record], ["address"]),
    ]
    for action in refused:
        with pytest.raises(TypeError), transaction.atomic():
            action()
    assert ConsentRecord.objects.get().address == "ada@example.com"


def test_the_data_are_all_that_is_stored(client: Client) -> None:
    services.subscribe(parse("ada@example.com"), Source(form="test", page="/"))
    client.post(link(received()[-1], "confirm"))
    ada = Subscriber.objects.get()
    answer = client.get(f"{page_of(ada)}/data")
    assert "attachment" in answer["Content-Disposition"]
    data = answer.json()
    assert data["address"] == "ada@example.com"
    assert [record["event"] for record in data["consent"]] == ["requested", "mailed", "confirmed"]
    assert data["consent"][0]["wording"].startswith("One e-mail when")
    assert data["mails"][0]["kind"] == "confirmation"


def test_no_column_about_a_person_is_left_out_of_their_data(client: Client) -> None:
    ada = reader("ada")
    Topic.objects.create(subscriber=ada, service="sqs")
    consent.record(ada, ConsentRecord.Event.REQUESTED, Source())
    released()
    suppression.suppress(ada, Suppression.Reason.COMPLAINT, "told us so")
    client.post(SUBSCRIBE, {"email": "ada@example.com"})
    data = client.get(f"{page_of(ada)}/data").json()
    told: dict[type[Model], set[str]] = {
        Subscriber: set(data),
        ConsentRecord: set(data["consent"][0]),
        Delivery: set(data["mails"][0]),
        Suppression: set(data["suppressed"]),
        SubscribeRequest: set(data["requests"][0]),
    }
    for model, names in told.items():
        columns = {column.attname for column in model._meta.concrete_fields}
        assert columns - names == columns & {"id", "subscriber_id", "update_sent_id", "lease"}
    about_people = {relation.related_model for relation in Subscriber._meta.related_objects}
    assert about_people == {*told, Topic} - {Subscriber, Suppression, SubscribeRequest}, (
        "a new table must be in the data too"
    )
    assert data["topics"] == ["sqs"]
    assert data["consent"][0]["wording_version"] == 1
    assert data["mails"][0]["about"] == Update.objects.get().subject
    assert (data["mails"][0]["attempts"], data["mails"][0]["error"]) == (0, "suppressed: complained")
    assert data["unsubscribed_at"]
    assert data["suppressed"]["detail"] == "told us so"


def test_erasing_leaves_a_hash_and_nothing_else(client: Client) -> None:
    ada = reader("ada")
    released()
    assert client.post(f"{page_of(ada)}/erase").status_code == 200
    assert not Subscriber.objects.exists()
    assert not ConsentRecord.objects.exists()
    assert not Delivery.objects.exists()
    kept = Suppression.objects.get()
    assert kept.reason == "erased"
    assert re.fullmatch("[0-9a-f]{64}", kept.key_hash)
    assert kept.key_hash != hashlib.sha256(ada.key.encode()).hexdigest(), "whoever guesses an address could look it up"
    assert client.get(page_of(ada)).status_code == 410


def unsubscribed(person: Subscriber) -> None:
    services.unsubscribe(person.ref)


def suppressed(person: Subscriber) -> None:
    suppression.suppress(person, Suppression.Reason.COMPLAINT)


@pytest.mark.parametrize("leave", [unsubscribed, suppressed])
def test_who_has_left_may_still_download_and_erase_and_nothing_else(client: Client, leave: Any) -> None:
    ada = reader("ada")
    leave(ada)
    answer = client.get(page_of(ada))
    assert answer.status_code == 410
    html = answer.content.decode()
    assert all(f"{page_of(ada)}/{path}" in html for path in ("data", "erase"))
    assert 'action="/newsletter/subscribe"' in html
    assert client.get(f"{page_of(ada)}/data").json()["address"] == "ada@example.com"
    before = snapshot()
    wishes: dict[str, dict[str, Any]] = {
        "": {"level": ["100"]},
        "/pause": {"days": "30"},
        "/address": {"email": "new@example.org"},
    }
    for path, wish in wishes.items():
        assert client.post(page_of(ada) + path, wish).status_code == 410
    assert snapshot() == before
    assert client.get(f"{page_of(ada)}/erase").status_code == 200
    assert client.post(f"{page_of(ada)}/erase").status_code == 200
    assert not Subscriber.objects.exists()
    assert Suppression.objects.get().reason == ("complaint" if leave is suppressed else "erased")


def test_who_was_erased_may_come_back(client: Client) -> None:
    client.post(f"{page_of(reader('ada'))}/erase")
    services.subscribe(parse("ada@example.com"), Source())
    client.post(link(received()[-1], "confirm"))
    assert Subscriber.objects.get().state == "confirmed"
    assert not Suppression.objects.exists()
