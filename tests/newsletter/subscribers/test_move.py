"""A change of address: asked for on the preference page, and confirmed anew."""

import re

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from catalogue.newsletter import services
from catalogue.newsletter.models import ConsentRecord, Delivery, Subscriber, Suppression
from catalogue.newsletter.subscribers import consent, tokens
from catalogue.newsletter.subscribers.consent import Source
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from tests.newsletter.mail.test_updates import reader
from tests.newsletter.subscribers.test_tokens import days_later
from tests.newsletter.support.helpers import link, page_of, received, snapshot

pytestmark = pytest.mark.django_db


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
        assert "Your address has changed" in answer.content.decode()
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


def test_anyone_who_asks_for_moves_again_and_again_waits_ever_longer(client: Client) -> None:
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


def test_a_correction_that_comes_too_soon_is_reported(client: Client) -> None:
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
    assert "address already gets the updates" in answer.content.decode()
    assert not Delivery.objects.exists()


def test_a_bad_address_is_refused_and_kept_in_the_form(client: Client) -> None:
    answer = client.post(f"{page_of(reader('ada'))}/address", {"email": "not an address"})
    assert answer.status_code == 422
    assert 'value="not an address"' in answer.content.decode()
