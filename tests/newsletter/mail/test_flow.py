"""From the form to the mailbox, to yes, to goodbye: views, queue and mail together."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from catalogue.newsletter.delivery import queue
from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.models import ConsentRecord, Delivery, Level, MailboxMessage, Subscriber
from catalogue.newsletter.subscribers import tokens
from tests.newsletter.subscribers.test_tokens import days_later
from tests.newsletter.support.helpers import confirmed, link, received, snapshot, subscribe

pytestmark = pytest.mark.django_db


def state() -> str:
    return Subscriber.objects.get().state


def test_subscribe_confirm_leave_and_come_back(client: Client) -> None:
    subscribe(client)
    (mail,) = received()
    confirm = link(mail, "confirm")

    before = snapshot()
    page = client.get(confirm)
    assert "Confirm subscription</button>" in page.content.decode()
    assert client.head(confirm).status_code == 200
    assert snapshot() == before

    assert "You are subscribed" in client.post(confirm).content.decode()
    assert state() == "confirmed"
    once = snapshot()
    assert "You are subscribed" in client.post(confirm).content.decode()
    assert "You are subscribed" in client.get(confirm).content.decode()
    assert snapshot() == once

    leave = link(mail, "unsubscribe")
    assert "Unsubscribe</button>" in client.get(leave).content.decode()
    assert client.head(leave).status_code == 200
    assert snapshot() == once
    assert "You are unsubscribed" in client.post(leave).content.decode()
    assert state() == "unsubscribed"
    gone = snapshot()
    assert client.post(leave).status_code == 200
    assert snapshot() == gone

    subscribe(client)
    assert state() == "pending"
    (_, again) = received()
    client.post(link(again, "confirm"))
    assert state() == "confirmed"
    assert list(ConsentRecord.objects.values_list("event", flat=True)) == [
        "requested",
        "mailed",
        "confirmed",
        "withdrawn",
        "requested",
        "mailed",
        "confirmed",
    ]


def test_anyone_who_has_just_confirmed_may_choose_at_once(client: Client) -> None:
    subscribe(client)
    page = client.post(link(received()[0], "confirm")).content.decode()
    (choose,) = re.findall(r'href="(/newsletter/preferences/[^"]+)"', page)

    assert client.post(choose, {"level": ["300"], "revisions": "no"}).status_code == 303
    person = Subscriber.objects.get()
    assert (person.levels, person.revisions) == (Level.of(300), False)


def test_an_old_confirmation_does_not_undo_a_later_unsubscribe(client: Client) -> None:
    subscribe(client)
    (mail,) = received()
    client.post(link(mail, "confirm"))
    client.post(link(mail, "unsubscribe"))
    before = snapshot()
    for response in (client.get(link(mail, "confirm")), client.post(link(mail, "confirm"))):
        assert response.status_code == 410
        assert 'action="/newsletter/subscribe"' in response.content.decode()
    assert snapshot() == before

    subscribe(client)
    assert client.post(link(mail, "confirm")).status_code == 410
    assert state() == "pending"


def test_an_expired_link_offers_a_fresh_one(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(client)
    confirm = link(received()[0], "confirm")
    days_later(monkeypatch, 8)
    for response in (client.get(confirm), client.post(confirm)):
        assert response.status_code == 410
        assert f'action="{confirm}/again"' in response.content.decode()
    assert state() == "pending"

    Subscriber.objects.update(next_ask_at=timezone.now())
    assert client.post(f"{confirm}/again").status_code == 303
    assert client.post(f"{confirm}/again").status_code == 303
    (_, fresh) = received()
    client.post(link(fresh, "confirm"))
    assert state() == "confirmed"


def test_an_expired_link_tells_a_subscriber_that_all_is_done(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(client)
    confirm = link(received()[0], "confirm")
    client.post(confirm)
    days_later(monkeypatch, 8)
    before = snapshot()
    for response in (client.get(confirm), client.post(confirm)):
        html = response.content.decode()
        assert response.status_code == 200
        assert "You are already subscribed" in html
        assert "/again" not in html
        assert "/newsletter/preferences/" not in html
        assert "/newsletter/unsubscribe/" not in html
    assert snapshot() == before


def test_an_expired_link_of_a_wish_that_has_ended_offers_no_fresh_one(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(client)
    (mail,) = received()
    client.post(link(mail, "unsubscribe"))
    days_later(monkeypatch, 8)
    response = client.get(link(mail, "confirm"))
    assert response.status_code == 410
    assert "/again" not in response.content.decode()


def test_forged_truncated_and_swapped_links_change_nothing(client: Client) -> None:
    subscriber = confirmed(client)
    subscribe(client, "bob@example.com")
    good, leave = tokens.confirm_token(subscriber), tokens.unsubscribe_token(subscriber.ref)
    before = snapshot()
    paths = [
        f"/newsletter/confirm/{leave}",
        f"/newsletter/confirm/{leave}/again",
        f"/newsletter/unsubscribe/{good}",
        f"/newsletter/confirm/{good[:-1]}",
        f"/newsletter/confirm/{good}x/again",
        f"/newsletter/unsubscribe/{leave[:-1]}",
        f"/newsletter/unsubscribe/{leave.upper()}",
        "/newsletter/confirm/x",
        "/newsletter/unsubscribe/%00",
        "/newsletter/unsubscribe/%ff%fe",
        "/newsletter/confirm/" + "a" * 4000,
        "/newsletter/confirm/W10.x.y",
        "/newsletter/confirm/",
    ]
    for path in paths:
        for response in (client.get(path), client.head(path), client.post(path)):
            assert 400 <= response.status_code < 500, path
            assert not response.cookies
    assert snapshot() == before


MULTIPART = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", ""),
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (MULTIPART, "multipart/form-data; boundary=x"),
        (b"junk \xff\x00", "application/x-www-form-urlencoded"),
        (b"junk \xff\x00", "text/plain"),
    ],
)
def test_mail_programs_unsubscribe_in_one_click(client: Client, body: bytes, kind: str) -> None:
    leave = f"/newsletter/unsubscribe/{tokens.unsubscribe_token(confirmed(client).ref)}"
    strict = Client(enforce_csrf_checks=True)
    foreign = {"origin": "https://mail.example", "sec-fetch-site": "cross-site", "accept": "*/*"}
    for _ in range(2):
        response = strict.generic("POST", leave, body, kind, headers=foreign)
        assert response.status_code == 200
        assert not response.cookies
    assert state() == "unsubscribed"


def test_a_mail_waiting_for_someone_who_left_is_not_sent(client: Client) -> None:
    subscribe(client)
    client.post(f"/newsletter/unsubscribe/{tokens.unsubscribe_token(Subscriber.objects.get().ref)}")
    assert received() == []
    assert Delivery.objects.get().state == "suppressed"


def test_leaving_between_claim_and_sending_stops_the_mail(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(client)
    leave = f"/newsletter/unsubscribe/{tokens.unsubscribe_token(Subscriber.objects.get().ref)}"
    claim = queue.claim

    def claim_then_leave(most: int, *, updates: bool) -> queue.Claim:
        claimed = claim(most, updates=updates)
        client.post(leave)
        return claimed

    monkeypatch.setattr(queue, "claim", claim_then_leave)
    sender.send_due()
    assert not MailboxMessage.objects.exists()


def test_unsubscribing_someone_who_was_forgotten_is_harmless(client: Client) -> None:
    subscribe(client)
    subscriber = Subscriber.objects.get()
    leave = f"/newsletter/unsubscribe/{tokens.unsubscribe_token(subscriber.ref)}"
    confirm = f"/newsletter/confirm/{tokens.confirm_token(subscriber)}"
    subscriber.delete()
    assert client.post(leave).status_code == 200
    assert client.post(confirm).status_code == 410
    assert client.post(f"{confirm}/again").status_code == 303
    assert not Subscriber.objects.exists()


def test_personal_pages_are_kept_by_no_cache_and_no_index(client: Client) -> None:
    subscribe(client)
    (mail,) = received()
    for kind in ("confirm", "unsubscribe"):
        response = client.get(link(mail, kind))
        assert "no-store" in response["Cache-Control"]
        assert response["X-Robots-Tag"] == "noindex"
        assert response["Referrer-Policy"] == "same-origin"


def test_pages_behind_links_take_no_other_method(client: Client) -> None:
    token = tokens.confirm_token(confirmed(client))
    assert client.put(f"/newsletter/confirm/{token}").status_code == 405
    assert client.get(f"/newsletter/confirm/{token}/again").status_code == 405


def test_a_reader_who_waits_long_can_still_confirm(client: Client) -> None:
    subscribe(client)
    Subscriber.objects.update(created_at=timezone.now() - timedelta(days=6))
    client.post(link(received()[0], "confirm"))
    assert state() == "confirmed"


def main(page: bytes) -> bytes:
    return page.partition(b"<main")[2].partition(b"</main>")[0]


@pytest.mark.parametrize("ending", [".", ">", "/", ">.", ")", '"', "%3E"])
@pytest.mark.parametrize("name", ["confirm", "unsubscribe", "preferences"])
def test_a_link_works_with_the_punctuation_that_a_mail_program_adds(client: Client, name: str, ending: str) -> None:
    subscribe(client)
    (mail,) = received()
    client.post(link(mail, "confirm"))
    ref = Subscriber.objects.get().ref
    url = {
        "confirm": link(mail, "confirm"),
        "unsubscribe": link(mail, "unsubscribe"),
        "preferences": tokens.preferences_url(ref),
    }[name]
    answer = client.get(url + ending)
    assert answer.status_code == 200
    assert main(answer.content) == main(client.get(url).content)
    assert client.get(f"{url}x").status_code == 404, "the token itself is not touched"
