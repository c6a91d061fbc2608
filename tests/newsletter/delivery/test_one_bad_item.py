"""One bad item in each loop over editors' and readers' data: it is logged once and waits, and the others go on."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as django_mail
from django.db import OperationalError
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalogue.newsletter import services
from catalogue.newsletter.delivery import loop, queue
from catalogue.newsletter.delivery.backoff import MOST_ITEMS, Setbacks
from catalogue.newsletter.delivery.feedback import services as feedback
from catalogue.newsletter.delivery.feedback.events import Event, Kind
from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.delivery.sending.outcomes import SENT, Outcome, Result
from catalogue.newsletter.delivery.sending.writer import Note, Writer
from catalogue.newsletter.delivery.transports.smtp import SmtpConnection
from catalogue.newsletter.mail import editing, updates
from catalogue.newsletter.mail import update as update_mail
from catalogue.newsletter.models import Delivery, Subscriber, Update
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from catalogue.patterns.content.library import library
from tests.newsletter.delivery.test_queue import enqueue
from tests.newsletter.mail.test_updates import SLUG, reader
from tests.newsletter.support.bad_items import BadItem, failing_for
from tests.newsletter.support.helpers import use_smtp
from tests.newsletter.support.smtp_sink import Sink, smtp_sink

pytestmark = pytest.mark.django_db
OTHER = "gateway-cache"


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    with smtp_sink() as running:
        use_smtp(settings, running.port)
        yield running


def drafted(slug: str) -> Update:
    update = updates.draft(library().get(slug))
    assert update is not None
    return update


def scheduled(slug: str) -> Update:
    update = drafted(slug)
    updates.schedule(update, timezone.now())
    return update


@pytest.fixture(autouse=True)
def each_round_does_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "RELEASE_EVERY", 0.0)


def rounds(count: int) -> loop.Rounds:
    made = loop.Rounds(threading.Event())
    for _ in range(count):
        made.one()
    return made


def mails_to(sink: Sink, who: str) -> int:
    return sum(f"To: {who}@example.com".encode() in message for message in sink.messages)


def test_an_update_that_cannot_be_rendered_stops_no_other_mail(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, errors: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr(update_mail, "_rendered", failing_for(update_mail._rendered, lambda one: one.slug == SLUG))
    enqueue(1)
    reader("ada")
    bad, good = scheduled(SLUG), scheduled(OTHER)
    rounds(3)
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == ("draft", "sent")
    assert "nobody thought of this" in bad.trouble
    assert (mails_to(sink, "reader0"), mails_to(sink, "ada")) == (1, 1)
    with pytest.raises(editing.Refused, match="nobody thought of this"):
        editing.release(bad, 1)


def test_a_release_that_fails_in_any_other_way_says_so_and_is_tried_again(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, errors: Callable[[], list[str]]
) -> None:
    reader("ada")
    bad, good = scheduled(SLUG), scheduled(OTHER)
    with monkeypatch.context() as patched:
        patched.setattr(updates, "_insert", failing_for(updates._insert, lambda people, update: update.pk == bad.pk))
        rounds(2)
        bad.refresh_from_db()
        good.refresh_from_db()
        assert good.state == "sent"
        assert "nobody thought of this" in bad.trouble
        assert len(errors()) == 1
    rounds(2)
    bad.refresh_from_db()
    assert (bad.state, bad.trouble) == ("sent", "")
    assert mails_to(sink, "ada") == 2


def test_an_update_of_which_no_copy_can_be_written_is_stopped_with_its_reason(
    sink: Sink, errors: Callable[[], list[str]]
) -> None:
    for name in ("ada", "bob", "cyd"):
        reader(name)
    bad, good = scheduled(SLUG), scheduled(OTHER)
    updates.release_due()
    Update.objects.filter(pk=bad.pk).update(text="Hello ⟦name⟧")
    enqueue(1)
    rounds(2)
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == ("paused", "sent")
    assert "name" in bad.trouble
    assert len(errors()) == 1
    assert set(Delivery.objects.filter(update_sent=bad).values_list("state", "attempts")) == {("queued", 0)}
    assert mails_to(sink, "reader0") == 1
    Update.objects.filter(pk=bad.pk).update(text="Hello")
    updates.resume(bad)
    rounds(2)
    bad.refresh_from_db()
    assert (bad.state, bad.trouble) == ("sent", "")
    assert mails_to(sink, "ada") == 2


def test_what_would_stop_an_update_is_refused_at_its_release() -> None:
    update = drafted(SLUG)
    Update.objects.filter(pk=update.pk).update(subject="two\nlines")
    update.refresh_from_db()
    with pytest.raises(editing.Refused, match="line break"):
        editing.release(update, 0)
    assert Update.objects.get().state == "draft"


def test_one_mail_that_cannot_be_written_or_handed_over_waits_alone_and_is_logged_once(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, errors: Callable[[], list[str]]
) -> None:
    from catalogue.newsletter.mail import messages

    enqueue(6)
    bad = {"reader1@example.com", "reader3@example.com"}
    monkeypatch.setattr(messages, "_confirmation", failing_for(messages._confirmation, lambda row, to: to in bad))
    assert str(sender.send_due()) == "4 sent, 2 to be tried again, 0 failed, 0 skipped"
    assert len(errors()) == 1
    assert set(Delivery.objects.filter(state="retry").values_list("subscriber__key", flat=True)) == bad
    assert all(
        "nobody thought of this" in error
        for error in Delivery.objects.filter(state="retry").values_list("error", flat=True)
    )


def test_a_fault_while_a_mail_is_handed_over_ends_no_process(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, errors: Callable[[], list[str]]
) -> None:
    enqueue(3)
    monkeypatch.setattr(
        SmtpConnection,
        "_transfer",
        failing_for(SmtpConnection._transfer, lambda self, content, meanwhile: b"To: reader0" in content),
    )
    sender.send_due()
    Delivery.objects.filter(state="queued").update(due_at=timezone.now())
    sender.send_due()
    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["retry", "sent", "sent"]
    assert len(errors()) == 1


def test_what_a_server_says_can_always_be_written_down(sink: Sink) -> None:
    """PostgreSQL keeps no NUL, and no database half a surrogate pair."""
    enqueue(2)
    sink.on_recipient = lambda to: "554 no\0thanks" if "reader0" in to else "250 OK"
    sender.send_due()
    assert list(Delivery.objects.order_by("pk").values_list("state", "error")) == [
        ("failed", "554 nothanks"),
        ("sent", ""),
    ]
    assert Result(Outcome.TEMPORARY, "a\ud800b" * 2000).detail.isascii()


def test_of_several_notes_the_one_that_cannot_be_written_down_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    enqueue(3)
    rows = queue.claim(3).deliveries
    notes = [Note((row, SENT), None) for row in rows]
    monkeypatch.setattr(queue, "settle", failing_for(queue.settle, lambda row, result: row == rows[1]))
    Writer(lambda: False).write(notes)
    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["sent", "in_flight", "sent"]
    assert [note.answer.get(timeout=60) for note in notes] == [False, False, False]


def test_no_one_waits_for_an_answer_when_the_database_goes_away_between_two_notes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enqueue(3)
    rows = queue.claim(3).deliveries
    notes = [Note((row, SENT), row) for row in rows]
    calls: list[Delivery] = []

    def settle(row: Delivery, result: Result) -> None:
        calls.append(row)
        raise BadItem if len(calls) == 1 else OperationalError("gone")

    monkeypatch.setattr(queue, "settle", settle)
    with pytest.raises(OperationalError):
        Writer(lambda: False).write(notes)
    assert not any(note.answer.get(timeout=60) for note in notes)


def test_a_pattern_of_which_no_draft_can_be_made_keeps_no_other_from_its_own(
    monkeypatch: pytest.MonkeyPatch, errors: Callable[[], list[str]]
) -> None:
    updates.draft_all()
    Update.objects.filter(pattern__in=(SLUG, OTHER)).delete()
    setbacks = Setbacks(lambda: now)
    now = 0.0
    with monkeypatch.context() as patched:
        patched.setattr(update_mail, "subject", failing_for(update_mail.subject, lambda one: one.slug == SLUG))
        for now in (0.0, 0.5, 2.0):  # at once, while it waits, and again
            made = [update.pattern for update in updates.draft_all(setbacks)]
            assert made == ([OTHER] if now == 0 else [])
        assert len(errors()) == 1
    now = 10.0
    assert [update.pattern for update in updates.draft_all(setbacks)] == [SLUG]
    assert not setbacks


def test_an_update_that_cannot_be_finished_keeps_no_other_open(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    reader("ada")
    bad, good = scheduled(SLUG), scheduled(OTHER)
    monkeypatch.setattr(updates, "_finish", failing_for(updates._finish, lambda pk: pk == bad.pk))
    rounds(2)
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == ("sending", "sent")


def test_a_request_that_cannot_be_forgotten_keeps_no_other(
    monkeypatch: pytest.MonkeyPatch, errors: Callable[[], list[str]]
) -> None:
    enqueue(4)
    Delivery.objects.update(state="sent", finished_at=timezone.now())
    Subscriber.objects.update(next_ask_at=timezone.now() - services.PENDING_KEPT - timedelta(days=1))
    stuck = Subscriber.objects.get(key="reader2@example.com").pk
    monkeypatch.setattr(services, "_forget", failing_for(services._forget, lambda pks: stuck in pks))
    assert services.forget_unconfirmed(setbacks := Setbacks()) == 3
    assert services.forget_unconfirmed(setbacks) == 0
    assert list(Subscriber.objects.values_list("pk", flat=True)) == [stuck]
    assert len(errors()) == 1


def test_a_recipient_whose_bounce_cannot_be_acted_on_keeps_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    reader("ada")
    reader("bob")
    act = lambda kind, mail, address, said: address.startswith("ada")  # noqa: E731
    monkeypatch.setattr(feedback, "_act", failing_for(feedback._act, act))
    event = Event(Kind.HARD_BOUNCE, "id", (("ada@example.com", ""), ("bob@example.com", "")))
    assert feedback.take("one", event)
    assert not suppression.blocks("ada@example.com")
    assert suppression.blocks("bob@example.com")
    with pytest.raises(BadItem):
        feedback.take("two", replace(event, recipients=event.recipients[:1]))
    assert feedback.take("two", replace(event, recipients=event.recipients[1:])), "SNS may deliver it again"


@pytest.mark.parametrize("duty", ["draft_all", "release_due", "finish_sent"])
def test_a_duty_that_fails_waits_and_confirmations_go(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, errors: Callable[[], list[str]], duty: str
) -> None:
    monkeypatch.setattr(updates, duty, failing_for(lambda *_: None, lambda *_: True))
    monkeypatch.setattr(loop, "LOOK_EVERY", 0.0)
    working = rounds(1)
    for number in range(3):
        reader(f"r{number}", state="pending", confirmed_at=None)
        queue.add(Subscriber.objects.latest("pk"), Delivery.Kind.CONFIRMATION)
        assert working.one() == loop.POLL
        assert mails_to(sink, f"r{number}") == 1
    assert len(errors()) == 1


def test_confirmations_go_though_no_update_can_be_sent(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    send = sender.send_due

    def send_no_update(*arguments: Any, updates: bool, **more: Any) -> Any:
        return failing_for(send, lambda *_: updates)(*arguments, updates=updates, **more)

    monkeypatch.setattr(sender, "send_due", send_no_update)
    reader("ada")
    updates.release(drafted(SLUG))
    enqueue(1)
    working = rounds(1)
    assert mails_to(sink, "reader0") == 1
    assert working.one() == loop.POLL
    assert not django_mail.outbox


def test_a_database_that_is_away_is_one_line_and_waited_for_ever_more_patiently(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*_: Any, **__: Any) -> Any:
        raise OperationalError("gone")

    working = loop.Rounds(threading.Event())
    monkeypatch.setattr(loop, "close_old_connections", lambda: None)
    with monkeypatch.context() as patched:
        patched.setattr(queue, "any_due", gone)
        patched.setattr(updates, "release_due", gone)
        assert [working.one() for _ in range(4)] == [1, 2, 4, 8]
        assert [record.getMessage() for record in caplog.records] == ["The database does not answer: gone"]
    assert working.one() == loop.POLL


def test_an_item_waits_twice_as_long_after_each_failure_and_is_tried_at_once_after_a_success() -> None:
    setbacks = Setbacks(lambda: now)
    now = 0.0
    waited: list[float] = []
    for _ in range(12):
        with setbacks.each("item", "It"):
            raise BadItem
        began = now
        while setbacks.waits("item"):
            now += 0.5
        waited.append(now - began)
    assert waited == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    with setbacks.each("item", "It"):
        pass
    assert not setbacks.waits("item")
    assert not setbacks


def test_no_more_than_so_many_items_are_remembered() -> None:
    setbacks = Setbacks(lambda: 0.0)
    for number in range(MOST_ITEMS + 1):
        setbacks.failed(number, "It", BadItem())
    assert not setbacks.waits(0)
    assert setbacks.waits(1)
    assert setbacks.waits(MOST_ITEMS)
