"""The preference page: choices, pause, change of address, what is stored, erasure; all by a signed link."""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from catalogue.newsletter import consent, services, suppression, tokens
from catalogue.newsletter.addresses import parse
from catalogue.newsletter.consent import Source
from catalogue.newsletter.models import ConsentRecord, Delivery, Subscriber, Suppression, Topic, Update
from tests.newsletter.helpers import link, received, snapshot
from tests.newsletter.test_tokens import days_later
from tests.newsletter.test_updates import reader, recipients, released

pytestmark = pytest.mark.django_db


def page_of(person: Subscriber) -> str:
    return f"/newsletter/preferences/{tokens.preferences_token(person.ref)}"


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
def test_a_program_is_told_of_a_choice_that_means_nothing(client: Client, wish: dict[str, Any]) -> None:
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
    ("saved", "said"), [("pause", "are paused"), ("resume", "come again"), ("address", "on its way")]
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


def test_a_new_address_is_used_once_it_is_confirmed(client: Client) -> None:
    ada = reader("ada")
    assert client.post(f"{page_of(ada)}/address", {"email": "New@Example.org"}).status_code == 303
    (mail,) = received()
    assert mail["To"] == "New@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    ada.refresh_from_db()
    assert ada.address == "ada@example.com"
    address = link(mail, "move")
    before = snapshot()
    assert "Use this address" in client.get(address).content.decode()
    assert snapshot() == before
    for method in (client.post, client.post, client.get):
        answer = method(address)
        assert answer.status_code == 200
        assert "Your address is changed" in answer.content.decode()
    ada.refresh_from_db()
    assert (ada.address, ada.key, ada.state) == ("New@example.org", "new@example.org", "confirmed")
    assert ConsentRecord.objects.filter(event="moved").count() == 1


@pytest.mark.parametrize("spoil", ["cut", "changed", "forged", "swapped", "of another", "expired"])
def test_a_spoilt_link_to_a_new_address_changes_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch, spoil: str
) -> None:
    ada, bob = reader("ada"), reader("bob", new_address="b@example.org", new_key="b@example.org")
    client.post(f"{page_of(ada)}/address", {"email": "new@example.org"})
    ada.refresh_from_db()
    good = tokens.move_token(ada)
    data, stamp, signature = good.rsplit(".", 2)
    token = {
        "cut": good[:-1],
        "changed": f"{data[:-1]}{'A' if data[-1] != 'A' else 'B'}.{stamp}.{signature}",
        "forged": signing.TimestampSigner(key="guessed", salt="newsletter.move", sep=".").sign_object(
            [ada.ref.hex, "thief@example.org"]
        ),
        "swapped": tokens.preferences_token(ada.ref),
        "of another": f"{tokens.move_token(bob).rsplit('.', 2)[0]}.{stamp}.{signature}",
        "expired": good,
    }[spoil]
    if spoil == "expired":
        days_later(monkeypatch, 7.1)
    before = snapshot()
    for method in (client.get, client.head, client.post):
        assert method(f"/newsletter/move/{token}").status_code == (410 if spoil == "expired" else 404)
    assert snapshot() == before


def test_a_later_wish_makes_an_earlier_link_void(client: Client) -> None:
    ada = reader("ada")
    client.post(f"{page_of(ada)}/address", {"email": "one@example.org"})
    first = link(received()[-1], "move")
    Subscriber.objects.update(next_ask_at=timezone.now())
    client.post(f"{page_of(ada)}/address", {"email": "two@example.org"})
    assert client.post(first).status_code == 410
    ada.refresh_from_db()
    assert ada.address == "ada@example.com"


def test_a_move_to_an_address_that_is_known_merges_the_two(client: Client) -> None:
    ada, bob = reader("ada"), reader("bob")
    client.post(f"{page_of(ada)}/address", {"email": "bob@example.com"})
    client.post(link(received()[-1], "move"))
    assert list(Subscriber.objects.values_list("key", flat=True)) == ["bob@example.com"]
    assert Subscriber.objects.get().pk == ada.pk != bob.pk


def test_a_merge_keeps_what_both_have_agreed_to(client: Client) -> None:
    ada, bob = reader("ada"), reader("bob")
    for person in (ada, bob):
        consent.record(person, ConsentRecord.Event.REQUESTED, Source(form=f"form-of-{person.pk}", page="/"))
    before = list(ConsentRecord.objects.order_by("pk").values("event", "at", "address", "form", "page", "wording"))
    client.post(f"{page_of(ada)}/address", {"email": "bob@example.com"})
    client.post(link(received()[-1], "move"))
    kept = ConsentRecord.objects.filter(subscriber=ada).order_by("pk")
    assert list(kept.values("event", "at", "address", "form", "page", "wording"))[:2] == before


def test_a_change_of_address_is_on_record_from_the_asking(client: Client) -> None:
    ada = reader("ada")
    client.post(f"{page_of(ada)}/address", {"email": "New@example.org"})
    assert [(record.event, record.address) for record in ada.consent.all()] == [("move-asked", "New@example.org")]
    client.post(link(received()[-1], "move"))
    events = {record.event: record.address for record in ada.consent.all()}
    assert events["moved"] == "New@example.org"


def test_a_wish_that_comes_too_soon_is_not_on_record(client: Client) -> None:
    ada = reader("ada")
    for name in ("one", "two"):
        client.post(f"{page_of(ada)}/address", {"email": f"{name}@example.org"})
    assert [record.address for record in ada.consent.filter(event="move-asked")] == ["one@example.org"]


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
    for deed in refused:
        with pytest.raises(TypeError), transaction.atomic():
            deed()
    assert ConsentRecord.objects.get().address == "ada@example.com"


def test_a_move_to_an_address_that_complained_meanwhile_is_refused_like_an_expired_one(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = reader("ada"), reader("bob")
    client.post(f"{page_of(ada)}/address", {"email": "bob@example.com"})
    address = link(received()[-1], "move")
    suppression.suppress(bob, Suppression.Reason.COMPLAINT)
    before = snapshot()
    answers = [client.get(address), client.post(address)]
    assert [answer.status_code for answer in answers] == [410, 410]
    assert snapshot() == before
    days_later(monkeypatch, 7.1)
    expired = client.get(address)
    assert {answer.content for answer in answers} == {expired.content}


def test_moves_cannot_flood_an_address(client: Client) -> None:
    ada = reader("ada")
    for _ in range(4):
        client.post(f"{page_of(ada)}/address", {"email": "victim@example.org"})
    assert len(received()) == 1


def test_whoever_asks_for_moves_again_and_again_waits_ever_longer(client: Client) -> None:
    ada = reader("ada")
    for number, cooldown in enumerate([*services.COOLDOWNS, services.COOLDOWNS[-1]]):
        before = timezone.now()
        client.post(f"{page_of(ada)}/address", {"email": f"victim{number}@example.org"})
        assert len(received()) == number + 1
        assert before + cooldown <= Subscriber.objects.get().next_ask_at <= timezone.now() + cooldown
        Subscriber.objects.update(next_ask_at=timezone.now())
    client.post(link(received()[-1], "move"))
    assert Subscriber.objects.get().asks == 0, "who has proved an address starts anew"


def test_several_readers_cannot_flood_an_address_together(client: Client) -> None:
    client.post("/newsletter/subscribe", {"email": "waits@example.org"})
    for name in ("ada", "bob", "cy"):
        client.post(f"{page_of(reader(name))}/address", {"email": "victim@example.org"})
        client.post(f"{page_of(reader(name + '2'))}/address", {"email": "waits@example.org"})
    assert sorted(str(mail["To"]) for mail in received()) == ["victim@example.org", "waits@example.org"]


def test_the_answer_is_the_same_for_an_address_that_gets_no_mail(client: Client) -> None:
    suppression.remember("dead@example.org", Suppression.Reason.HARD_BOUNCE)
    client.post("/newsletter/subscribe", {"email": "waits@example.org"})
    answers = []
    for name in ("dead", "waits", "alive"):
        page = page_of(reader("ada"))
        for address in (f"{name}@example.org", "typo@example.org"):
            answer = client.post(f"{page}/address", {"email": address})
            words = answer.content.decode().replace(f"{name[0]}…@", "?…@").replace(page, "")
            words = re.sub(r"unsubscribe/[^\"]+", "", words)
            answers.append((address[:4], answer.status_code, answer.get("Location", "").replace(page, ""), words))
        mails = [mail["To"] for mail in received()]
        Subscriber.objects.filter(key="ada@example.com").delete()
    assert len({answer[1:] for answer in answers}) == 2
    assert mails == ["waits@example.org", "alive@example.org"]


def test_a_correction_that_comes_too_soon_is_told_so(client: Client) -> None:
    ada = reader("ada")
    client.post(f"{page_of(ada)}/address", {"email": "slip@exmaple.org"})
    answer = client.post(f"{page_of(ada)}/address", {"email": "slip@example.org"})
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= services.COOLDOWNS[0].total_seconds()
    html = answer.content.decode()
    assert "a link to s…@exmaple.org a moment ago" in html
    assert "in 5 minutes" in html
    assert 'value="slip@example.org"' in html
    assert "on its way" not in html
    Subscriber.objects.update(next_ask_at=timezone.now())
    assert client.post(f"{page_of(ada)}/address", {"email": "slip@example.org"}).status_code == 303
    assert [mail["To"] for mail in received()] == ["slip@example.org"]


def test_a_mail_that_waits_does_not_go_to_a_suppressed_address_that_was_asked_for_since(client: Client) -> None:
    ada = reader("ada")
    suppression.remember("dead@example.org", Suppression.Reason.COMPLAINT)
    client.post(f"{page_of(ada)}/address", {"email": "one@example.org"})
    Subscriber.objects.update(next_ask_at=timezone.now())
    client.post(f"{page_of(ada)}/address", {"email": "dead@example.org"})
    assert received() == []


def test_ones_own_address_is_no_new_one(client: Client) -> None:
    answer = client.post(f"{page_of(reader('ada'))}/address", {"email": "ADA@example.com"})
    assert answer.status_code == 422
    assert "come to this address already" in answer.content.decode()
    assert not Delivery.objects.exists()


def test_a_bad_address_is_refused_and_kept_in_the_form(client: Client) -> None:
    answer = client.post(f"{page_of(reader('ada'))}/address", {"email": "not an address"})
    assert answer.status_code == 422
    assert 'value="not an address"' in answer.content.decode()


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
    data = client.get(f"{page_of(ada)}/data").json()
    told: dict[type[Model], set[str]] = {
        Subscriber: set(data),
        ConsentRecord: set(data["consent"][0]),
        Delivery: set(data["mails"][0]),
        Suppression: set(data["suppressed"]),
    }
    for model, names in told.items():
        columns = {column.attname for column in model._meta.concrete_fields}
        assert columns - names == columns & {"id", "subscriber_id", "update_sent_id", "lease"}
    about_people = {relation.related_model for relation in Subscriber._meta.related_objects}
    assert about_people == {*told, Topic} - {Subscriber, Suppression}, "a new table must be in the data too"
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


def test_a_suppressed_address_is_answered_like_any_other_and_gets_no_mail(client: Client) -> None:
    suppression.remember("dead@example.com", Suppression.Reason.COMPLAINT)
    answers = [client.post("/newsletter/subscribe", {"email": f"{name}@example.com"}) for name in ("dead", "alive")]
    assert len({(answer.status_code, answer["Location"], answer.content) for answer in answers}) == 1
    assert [mail["To"] for mail in received()] == ["alive@example.com"]
