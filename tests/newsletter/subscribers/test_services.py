from datetime import timedelta

import pytest
from django.utils import timezone

from catalogue.newsletter import services
from catalogue.newsletter.delivery import queue
from catalogue.newsletter.delivery.sending.outcomes import SENT
from catalogue.newsletter.models import ClientBudget, ConsentRecord, Delivery, Subscriber
from catalogue.newsletter.subscribers import consent, limits, tokens
from catalogue.newsletter.subscribers.addresses import parse
from tests.newsletter.mail.test_updates import reader, released
from tests.newsletter.support.helpers import received, snapshot

pytestmark = pytest.mark.django_db
SOURCE = consent.Source(form="test", page="/")


def ask(text: str = "ada@example.com") -> None:
    services.subscribe(parse(text), SOURCE)


def test_an_address_in_another_case_is_the_same_subscriber() -> None:
    ask("Ada@Example.com")
    received()
    Subscriber.objects.update(next_ask_at=timezone.now())
    ask("ada@example.com")
    assert Subscriber.objects.get().address == "ada@example.com"


def test_no_flood_of_confirmations_can_be_aimed_at_an_address() -> None:
    pauses = []
    for _ in range(7):
        for _ in range(3):
            ask()
        assert Delivery.objects.filter(state="queued").count() == 1
        received()
        subscriber = Subscriber.objects.get()
        pauses.append(subscriber.next_ask_at - timezone.now())
        Subscriber.objects.update(next_ask_at=timezone.now())
    assert len(received()) == 7
    minutes = [round(pause.total_seconds() / 60) for pause in pauses]
    assert minutes == [5, 15, 60, 360, 1440, 1440, 1440]


def test_the_cooldown_holds_against_a_request_that_read_the_row_earlier() -> None:
    ask()
    stale = Subscriber.objects.get()
    received()
    Subscriber.objects.update(next_ask_at=timezone.now())
    services._ask(stale, SOURCE)
    before = snapshot()
    services._ask(stale, SOURCE)
    assert snapshot() == before


def test_a_confirmation_still_on_its_way_is_not_doubled() -> None:
    ask()
    Subscriber.objects.update(next_ask_at=timezone.now())
    ask()
    assert Delivery.objects.count() == 1


def test_a_confirmed_subscriber_is_not_bothered() -> None:
    ask()
    received()
    wish = tokens.Confirmation(Subscriber.objects.get().ref, 1)
    services.confirm(wish)
    before = snapshot()
    ask()
    services.ask_again(wish, SOURCE)
    assert snapshot() == before


def test_confirming_takes_back_a_reminder_that_was_not_yet_sent() -> None:
    ask()
    received()
    Subscriber.objects.update(next_ask_at=timezone.now())
    ask()
    services.confirm(tokens.Confirmation(Subscriber.objects.get().ref, 1))
    assert len(received()) == 1
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["sent", "suppressed"]


def test_consent_records_are_only_added() -> None:
    ask()
    with pytest.raises(TypeError):
        ConsentRecord.objects.update(event="confirmed")
    with pytest.raises(TypeError):
        ConsentRecord.objects.all().delete()
    with pytest.raises(TypeError):
        ConsentRecord.objects.get().save()


def test_requests_that_no_one_confirmed_are_forgotten_after_a_month() -> None:
    for name in ("old", "young", "waiting", "gone"):
        ask(f"{name}@example.com")
    Delivery.objects.exclude(subscriber__key="waiting@example.com").update(state="sent")
    services.unsubscribe(Subscriber.objects.get(key="gone@example.com").ref)
    long_ago = timezone.now() - services.PENDING_KEPT - timedelta(minutes=1)
    Subscriber.objects.exclude(key="young@example.com").update(next_ask_at=long_ago)
    services.forget_unconfirmed()
    assert sorted(Subscriber.objects.values_list("key", flat=True)) == [
        "gone@example.com",
        "waiting@example.com",
        "young@example.com",
    ]


def test_clients_are_remembered_only_while_their_allowance_is_used() -> None:
    assert limits.take("here") == 0
    ClientBudget.objects.create(client="long gone", spent_until=1.0)
    limits.forget_idle()
    assert [budget.client for budget in ClientBudget.objects.all()] == ["here"]


def test_unsubscribing_waits_for_a_mail_that_is_being_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    ada = reader("ada")
    released()
    (row,) = queue.claim(1).deliveries
    assert queue.begin(row)
    waits = []

    def meanwhile(seconds: float) -> None:
        waits.append(seconds)
        queue.settle(row, SENT)

    monkeypatch.setattr("time.sleep", meanwhile)
    services.unsubscribe(ada.ref)
    assert len(waits) == 1
    assert Delivery.objects.get().state == "sent"


def test_unsubscribing_takes_back_at_once_what_is_claimed_and_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    ada = reader("ada")
    released()
    (row,) = queue.claim(1).deliveries
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("waited"))
    services.unsubscribe(ada.ref)
    assert not queue.begin(row)
    assert Delivery.objects.get().state == "suppressed"
