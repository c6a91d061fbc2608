"""The mail as a real SMTP server receives it, and what becomes of it when the server misbehaves."""

import re
import socket
from collections.abc import Iterator
from email import message_from_bytes, policy

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalogue.newsletter.delivery import queue
from catalogue.newsletter.delivery.queue import MAX_ATTEMPTS
from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.models import ConsentRecord, Delivery, SendingPace, Subscriber, Suppression
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from tests.newsletter.delivery.test_queue import enqueue
from tests.newsletter.support.helpers import link, text_of, use_smtp
from tests.newsletter.support.smtp_sink import Sink, smtp_sink

pytestmark = pytest.mark.django_db


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    with smtp_sink() as running:
        use_smtp(settings, running.port)
        yield running


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def test_a_confirmation_is_a_plain_well_formed_mail(sink: Sink, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "Serverless Patterns <updates@patterns.example.com>"
    settings.SITE_URL = "https://patterns.example.com"
    enqueue(1)
    sender.send_due()
    (raw,) = sink.messages
    mail = message_from_bytes(raw, policy=policy.SMTP)
    assert mail["To"] == "reader0@example.com"
    assert mail["From"] == "Serverless Patterns <updates@patterns.example.com>"
    assert mail["Subject"] == "Confirm your subscription to Serverless Patterns"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{Delivery.objects.get().ref}@patterns.example.com>"
    assert re.search(rb"^Date: \w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} \+0000\r$", raw, re.MULTILINE)
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    html = mail.get_body(("html",))
    assert html is not None
    assert link(mail, "confirm") in html.get_content()
    assert "https://patterns.example.com/newsletter/unsubscribe/" in text_of(mail)
    assert "<img" not in html.get_content()
    assert "<script" not in html.get_content()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert states() == ["sent"]


def test_many_mails_share_a_connection(sink: Sink) -> None:
    enqueue(sender.BATCH + 1)
    assert sender.send_due().sent == sender.BATCH + 1
    assert len(sink.messages) == sender.BATCH + 1
    assert sink.connections == 1


def test_a_temporary_refusal_is_tried_again_later(sink: Sink) -> None:
    enqueue(2)
    sink.on_recipient = lambda to: "451 busy" if "reader0" in to else "250 OK"
    assert str(sender.send_due()) == "1 sent, 1 to be tried again, 0 failed, 0 skipped"
    assert states() == ["retry", "sent"]
    sink.on_recipient = lambda to: "250 OK"
    Delivery.objects.update(due_at=timezone.now())
    sender.send_due()
    assert states() == ["sent", "sent"]
    assert len(sink.messages) == 2


def test_a_permanent_refusal_is_final(sink: Sink) -> None:
    enqueue(2)
    sink.on_recipient = lambda to: "550 no such user" if "reader0" in to else "250 OK"
    sender.send_due()
    assert states() == ["failed", "sent"]
    assert "550" in Delivery.objects.earliest("pk").error
    assert ConsentRecord.objects.filter(event="mailed").count() == 1


@pytest.mark.parametrize("said", ["550 5.7.1 not your address", "530 5.7.0 log in first", "451 4.3.0 later"])
def test_a_refused_sender_is_the_operators_to_fix_and_costs_no_reader(sink: Sink, said: str) -> None:
    enqueue(1)
    sink.on_sender = lambda sender: said
    assert sender.send_due().retry == 1
    assert states() == ["retry"]
    assert not Suppression.objects.exists()
    sink.on_sender = lambda sender: "250 OK"
    Delivery.objects.update(due_at=timezone.now())
    sender.send_due()
    assert states() == ["sent"]


@pytest.mark.parametrize(
    "said",
    [
        "550 5.1.8 <updates@patterns.example.com>: Sender address rejected",
        "550 relay not permitted",
        "554 5.7.1 Relay access denied",
        "530 5.7.0 Authentication required",
        "550 5.7.1 sender not allowed",
    ],
)
def test_what_a_server_has_against_us_costs_no_reader_the_subscription(sink: Sink, said: str) -> None:
    enqueue(2)
    sink.on_recipient = lambda to: said
    assert sender.send_due().retry == 2
    assert states() == ["retry", "retry"]
    assert not Suppression.objects.exists()
    assert not Subscriber.objects.filter(state="unsubscribed").exists()


def test_a_new_address_that_does_not_exist_leaves_the_old_subscription_alone(sink: Sink) -> None:
    enqueue(1)
    sender.send_due()
    Subscriber.objects.update(
        state="confirmed",
        confirmed_at=timezone.now(),
        new_address="typo@nowhere.example",
        new_key="typo@nowhere.example",
    )
    queue.add(Subscriber.objects.get(), Delivery.Kind.MOVE)
    sink.on_recipient = lambda to: "550 5.1.1 no such user" if "typo" in to else "250 OK"
    sender.send_due()
    assert states() == ["sent", "failed"]
    person = Subscriber.objects.get()
    assert (person.state, person.new_address, person.new_key) == ("confirmed", "", "")
    assert suppression.blocks("typo@nowhere.example")
    assert not suppression.blocks(person.key)
    assert not ConsentRecord.objects.filter(event="bounced").exists()


def test_that_a_change_of_address_was_mailed_is_on_record_with_the_new_address(sink: Sink) -> None:
    enqueue(1)
    sender.send_due()
    Subscriber.objects.update(
        state="confirmed", confirmed_at=timezone.now(), new_address="new@example.com", new_key="new@example.com"
    )
    queue.add(Subscriber.objects.get(), Delivery.Kind.MOVE)
    sender.send_due()
    mailed = ConsentRecord.objects.filter(event="mailed").order_by("pk")
    assert list(mailed.values_list("address", flat=True)) == ["reader0@example.com", "new@example.com"]


def test_a_greylisted_reader_waits_alone(sink: Sink) -> None:
    enqueue(5)
    sink.on_recipient = lambda to: "451 4.7.1 Greylisting in action" if "reader1" in to else "250 OK"
    assert sender.send_due().sent == 4
    assert states() == ["sent", "retry", "sent", "sent", "sent"]
    assert Delivery.objects.get(state="retry").attempts == 1
    assert not SendingPace.objects.filter(slowdown__gt=1).exists()


@pytest.mark.parametrize("said", ["", "421 4.3.2 go away"])
def test_one_reader_at_whom_the_server_is_unwell_each_time_holds_up_no_one(sink: Sink, said: str) -> None:
    enqueue(5)
    sink.on_recipient = lambda to: said if "reader1" in to else "250 OK"
    sender.send_due()
    assert Delivery.objects.get(subscriber__key="reader1@example.com").attempts == 1
    SendingPace.objects.update(held_until=0)
    sender.send_due()
    assert states() == ["sent", "retry", "sent", "sent", "sent"]
    for attempts in range(2, MAX_ATTEMPTS + 1):
        SendingPace.objects.update(held_until=0)
        assert not Delivery.objects.filter(state="retry", due_at__lte=timezone.now()).exists()
        Delivery.objects.filter(state="retry").update(due_at=timezone.now())
        sender.send_due()
        assert Delivery.objects.get(subscriber__key="reader1@example.com").attempts == attempts
    assert states() == ["sent", "failed", "sent", "sent", "sent"]


def test_without_a_mail_server_in_the_settings_the_queue_waits(settings: Settings) -> None:
    use_smtp(settings, 25)
    settings.SMTP_HOST = ""
    enqueue(1)
    assert sender.send_due().server_down
    assert list(Delivery.objects.values_list("state", "attempts")) == [("queued", 0)]


def test_a_server_that_throttles_at_the_sender_already_is_heard(sink: Sink) -> None:
    enqueue(1)
    sink.on_sender = lambda sender: "421 try again later"
    sender.send_due()
    assert SendingPace.objects.get().slowdown == 2
    assert list(Delivery.objects.values_list("state", "attempts")) == [("queued", 0)]


def test_a_pass_that_goes_through_sends_faster_again(sink: Sink) -> None:
    SendingPace.objects.create(pk=1, slowdown=4)
    enqueue(1)
    assert sender.send_due().sent == 1
    assert SendingPace.objects.get().slowdown == pytest.approx(3.2)


@pytest.mark.parametrize(("said", "state"), [("452 mailbox full", "retry"), ("554 looks like spam", "failed")])
def test_a_refused_body_is_sorted_the_same_way(sink: Sink, said: str, state: str) -> None:
    enqueue(1)
    sink.on_data = lambda body: said
    sender.send_due()
    assert states() == [state]


def test_a_dropped_connection_ends_the_pass_and_loses_nothing(sink: Sink) -> None:
    enqueue(3)
    sink.on_data = lambda body: "" if len(sink.messages) else "250 OK"
    tally = sender.send_due()
    assert tally.server_down
    assert states() == ["sent", "retry", "queued"]
    sink.on_data = lambda body: "250 OK"
    Delivery.objects.update(due_at=timezone.now())
    sender.send_due()
    assert states() == ["sent", "sent", "sent"]


def test_a_server_that_is_away_costs_no_mail_an_attempt(settings: Settings) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        use_smtp(settings, closed.getsockname()[1])
        enqueue(2)
        assert sender.send_due().server_down
    assert list(Delivery.objects.values_list("state", "attempts")) == [("queued", 0), ("queued", 0)]


def test_a_server_that_is_away_is_one_line_in_the_log_and_one_when_it_is_back(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    def lines() -> list[str]:
        return [record.message.split(":")[0] for record in caplog.records if record.levelname == "WARNING"]

    enqueue(sender.BATCH + 1)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        use_smtp(settings, closed.getsockname()[1])
        for _ in range(3):
            assert sender.send_due().server_down
    assert lines() == ["No connection to the mail server"]
    with smtp_sink() as running:
        use_smtp(settings, running.port)
        assert sender.send_due().sent == sender.BATCH + 1
    # Three attempts in the first pass, and one in each pass while it is known to be away.
    assert lines() == ["No connection to the mail server", "The mail server answers again, after 5 failed attempts"]


def test_a_sender_asked_to_stop_gives_back_what_it_holds(sink: Sink) -> None:
    enqueue(3)
    sender.send_due(stop=lambda: len(sink.messages) == 1)
    assert states() == ["sent", "queued", "queued"]


def test_a_row_that_no_header_can_carry_fails_alone(sink: Sink) -> None:
    """Such an address cannot get through the form; were one in the table, it must not reach the wire."""
    enqueue(2)
    Subscriber.objects.filter(key="reader0@example.com").update(address="x@example.com\r\nBcc: y@example.com")
    sender.send_due()
    assert states() == ["failed", "sent"]
    assert b"Bcc" not in b"".join(sink.messages)
