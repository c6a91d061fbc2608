"""Requests to subscribe wait for the mail loop, so that the form does the same for every address."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from catalogue.newsletter import services
from catalogue.newsletter.delivery import loop
from catalogue.newsletter.delivery.backoff import Setbacks
from catalogue.newsletter.delivery.sending import sender, writer
from catalogue.newsletter.models import (
    ConsentRecord,
    Delivery,
    MailboxMessage,
    Subscriber,
    SubscribeRequest,
    Suppression,
)
from catalogue.newsletter.subscribers import preferences, requests
from catalogue.newsletter.subscribers.addresses import parse
from catalogue.newsletter.subscribers.consent import Source
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from tests.newsletter.mail.test_updates import reader, released
from tests.newsletter.support.helpers import SUBSCRIBE, confirmed, post, received, snapshot, subscribe

pytestmark = pytest.mark.django_db
SOURCE = Source(form="test", page="/")


def ask(name: str = "ada") -> None:
    requests.add(parse(f"{name}@example.com"), SOURCE)


def statements(do: Callable[[], object]) -> list[str]:
    """The SQL that `do` sends, without its values."""
    sent: list[str] = []

    def note(execute: Any, sql: str, *more: Any) -> Any:
        sent.append(sql)
        return execute(sql, *more)

    with connection.execute_wrapper(note):
        do()
    return sent


@pytest.mark.parametrize("as_json", [False, True])
def test_the_database_is_asked_the_same_whatever_is_known_of_the_address(client: Client, as_json: bool) -> None:
    confirmed(client, "confirmed@example.com")
    services.unsubscribe(confirmed(client, "gone@example.com").ref)
    subscribe(client, "pending@example.com")
    suppression.remember("dead@example.com", Suppression.Reason.HARD_BOUNCE)
    before = snapshot()[:3]

    def subscribing(name: str) -> None:
        fields = {"email": f"{name}@example.com"}
        assert post(client, fields, as_json).status_code in (202, 303)

    known = ("new", "confirmed", "gone", "pending", "dead")
    asked = {name: statements(lambda name=name: subscribing(name)) for name in known}  # type: ignore[misc]
    assert len({tuple(sql) for sql in asked.values()}) == 1, asked
    assert not any('newsletter_subscriber"' in sql or "suppression" in sql for sql in asked["new"])
    assert snapshot()[:3] == before, "what is known is looked up by the mail loop"
    assert SubscribeRequest.objects.count() == len(known)
    requests.answer_all()
    assert not SubscribeRequest.objects.exists()


def test_nothing_is_lost_while_no_mail_loop_runs(client: Client) -> None:
    for name in ("ada", "bob", "ada"):
        client.post(SUBSCRIBE, {"email": f"{name}@example.com"})
    long_ago = timezone.now() - timedelta(days=2)
    SubscribeRequest.objects.update(created_at=long_ago)
    assert not Delivery.objects.exists()
    loop.Rounds(threading.Event()).one()
    assert sorted(str(mail["To"]) for mail in received()) == ["ada@example.com", "bob@example.com"]
    asked = ConsentRecord.objects.filter(event="requested")
    assert {record.at for record in asked} == {long_ago}, "the consent was given then"


def test_the_mail_belongs_to_the_request_that_asked_for_it(client: Client) -> None:
    ask()
    SubscribeRequest.objects.update(request_id="one-request")
    requests.answer_all()
    assert Delivery.objects.get().request_id == "one-request"


def test_a_loop_that_ends_halfway_leaves_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    ask()

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("catalogue.newsletter.delivery.queue.add", killed)
        with pytest.raises(KeyboardInterrupt):
            requests.answer_all()
    assert not Subscriber.objects.exists()
    assert requests.answer_all() == 1
    assert Delivery.objects.count() == 1


def test_two_loops_do_not_act_on_the_same_request() -> None:
    ask()
    request = SubscribeRequest.objects.get()
    assert requests._answer(request)
    assert not requests._answer(request)
    assert ConsentRecord.objects.count() == 1


def test_one_bad_request_waits_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("ada", "bad", "cy"):
        ask(name)
    really = services.subscribe

    def fails_for_one(address: Any, *more: Any) -> None:
        if address.key.startswith("bad"):
            raise ValueError("unexpected")
        really(address, *more)

    setbacks = Setbacks()
    with monkeypatch.context() as patched:
        patched.setattr(services, "subscribe", fails_for_one)
        assert requests.answer_all(setbacks) == 2
        assert requests.answer_all(setbacks) == 0
    assert sum("to subscribe failed" in line for line in caplog.messages) == 1
    assert SubscribeRequest.objects.get().key == "bad@example.com"
    assert requests.answer_all() == 1


def test_a_request_that_waits_is_withdrawn_with_the_subscription(client: Client) -> None:
    ada, bob = reader("ada"), reader("bob")
    for name in ("ada", "bob", "cy"):
        ask(name)
    services.unsubscribe(ada.ref)
    preferences.erase(bob)
    assert [request.key for request in SubscribeRequest.objects.all()] == ["cy@example.com"]


def test_a_request_made_during_a_long_pass_is_mailed_before_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        reader(f"reader{number}")
    released()
    monkeypatch.setattr(writer, "BATCH", 2)

    def stopped() -> bool:
        asked = SubscribeRequest.objects.exists() or Delivery.objects.filter(kind="confirmation").exists()
        if MailboxMessage.objects.count() == 1 and not asked:
            ask("late")
        return False

    sender.send_due(stopped, before_claims=requests.answer_all)
    to = [message.recipients for message in MailboxMessage.objects.order_by("pk")]
    assert len(to) == 7
    assert "late@example.com" in str(to[2]), to


def test_requests_that_no_one_acts_on_are_seen_by_monitoring() -> None:
    from catalogue.newsletter.delivery.depths import depths

    ask()
    SubscribeRequest.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    found = depths()
    assert found.due == 1
    assert found.oldest_seconds == pytest.approx(300, abs=30)
    assert found.latest_seconds == pytest.approx(300, abs=30)
