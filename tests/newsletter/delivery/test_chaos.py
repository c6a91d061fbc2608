"""Servers that refuse, throttle, drop and dawdle, a failing database, racing senders: nothing lost, nothing late."""

import random
import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalogue.newsletter import services
from catalogue.newsletter.delivery import loop, pace, queue
from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.models import Delivery, SendingPace, Subscriber
from tests.newsletter.mail.test_updates import reader, released
from tests.newsletter.support.helpers import use_smtp
from tests.newsletter.support.smtp_sink import Sink, smtp_sink

pytestmark = pytest.mark.django_db(transaction=True)
READERS = 60


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    with smtp_sink() as running:
        use_smtp(settings, running.port, connections=4)
        yield running


@pytest.fixture
def update() -> None:
    for number in range(READERS):
        reader(f"r{number}")
    released()


def recipients(sink: Sink) -> Counter[str]:
    found = [re.search(rb"^To: (\S+)", body, re.MULTILINE) for body in sink.messages]
    return Counter(match[1].decode() for match in found if match)


def send_all(passes: int = 200) -> None:
    """Passes until all is settled, with the waiting for a retry or a server's pardon left out."""
    for _ in range(passes):
        SendingPace.objects.update(held_until=0, slowdown=1, spent_until=0)
        Delivery.objects.filter(state__in=("queued", "retry")).update(due_at=timezone.now())
        if not queue.any_due():
            return
        sender.send_due()
    raise AssertionError(f"not settled after {passes} passes: {Counter(states())}")


def states() -> list[str]:
    return list(Delivery.objects.values_list("state", flat=True))


def sometimes(answer: str, share: float) -> Any:
    return lambda text: answer if random.random() < share else "250 OK"


@pytest.mark.parametrize(
    ("at_recipient", "at_data"),
    [("451 4.2.0 later", None), ("", None), (None, "451 4.3.0 later"), ("454 4.7.0 too fast", None), (None, "421 bye")],
)
def test_a_server_that_cannot_decide_gets_each_mail_once(
    sink: Sink, update: None, at_recipient: str | None, at_data: str | None
) -> None:
    if at_recipient is not None:
        sink.on_recipient = sometimes(at_recipient, 0.2)
    if at_data is not None:
        sink.on_data = sometimes(at_data, 0.2)
    send_all()
    assert set(states()) == {"sent"}
    assert len(recipients(sink)) == READERS
    assert set(recipients(sink).values()) == {1}


def test_connections_dropped_after_the_mail_lose_nothing(sink: Sink, update: None) -> None:
    dropped: list[bytes] = []

    def drop(body: bytes) -> str:
        if random.random() < 0.1:
            dropped.append(body)
            return ""
        return "250 OK"

    sink.on_data = drop
    send_all()
    assert set(states()) == {"sent"}
    assert set(recipients(sink).values()) == {1}
    assert len(recipients(sink)) == READERS
    assert Delivery.objects.filter(attempts__gt=1).count() >= bool(dropped)


def test_what_may_have_arrived_is_held_if_the_setting_says_so(sink: Sink, update: None, settings: Settings) -> None:
    settings.NEWSLETTER_IN_DOUBT = "hold"
    dropped: list[bytes] = []
    sink.on_data = lambda body: dropped.append(body) or "" if len(dropped) < 3 else "250 OK"  # type: ignore[func-returns-value]
    send_all()
    assert Counter(states()) == {"in_doubt": 3, "sent": READERS - 3}


def test_a_server_that_dawdles_past_the_timeout_delays_one_mail(sink: Sink, update: None, settings: Settings) -> None:
    settings.SMTP_TIMEOUT = 3
    asleep = threading.Event()

    def dawdle(to: str) -> str:
        if not asleep.is_set():
            asleep.set()
            threading.Event().wait(2 * settings.SMTP_TIMEOUT)
        return "250 OK"

    sink.on_recipient = dawdle
    send_all()
    assert set(states()) == {"sent"}
    assert set(recipients(sink).values()) == {1}


def test_throttling_silences_all_senders_and_counts_no_attempt(sink: Sink, update: None) -> None:
    sink.on_recipient = lambda to: "454 4.7.0 too many messages"
    before = time.time()
    assert sender.send_due().sent == 0
    row = SendingPace.objects.get()
    assert row.held_until > before + 1
    assert row.slowdown == 2
    assert set(Delivery.objects.values_list("state", "attempts")) == {("queued", 0)}
    assert sender.send_due().wait > 0
    assert pace.reserve(10).mails == 0


def test_the_rate_is_kept_by_all_senders_together(sink: Sink, update: None, settings: Settings) -> None:
    settings.NEWSLETTER_PER_SECOND = 20
    began = time.monotonic()
    threads = [threading.Thread(target=_keep_sending) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    assert len(sink.messages) == READERS
    # A second's worth may go at once; the other forty take a twentieth of a second each.
    assert took >= (READERS - 20) / 20 * 0.9


def _keep_sending() -> None:
    stop = threading.Event()
    loop_thread = threading.Thread(target=loop.run, args=(stop,))
    loop_thread.start()
    while Delivery.objects.exclude(state="sent").exists():
        stop.wait(0.02)
    stop.set()
    loop_thread.join()
    connection.close()


def test_a_database_that_fails_in_mid_send_doubles_at_most_one_mail_a_connection(
    sink: Sink, update: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, calls = queue.begin, 0

    def failing(delivery: Delivery) -> bool:
        nonlocal calls
        calls += 1
        if calls == 20:
            raise OperationalError("database is locked")
        return begin(delivery)

    monkeypatch.setattr(queue, "begin", failing)
    with pytest.raises(OperationalError):
        sender.send_due()
    sent = len(sink.messages)
    assert 0 < sent < READERS
    Delivery.objects.filter(state="in_flight").update(due_at=timezone.now())
    send_all()
    assert set(states()) == {"sent"}
    assert len(recipients(sink)) == READERS
    assert len(sink.messages) - READERS <= 4


def test_a_locked_database_is_waited_for(sink: Sink, update: None) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("a lock of SQLite")
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        sending = threading.Thread(target=_send_once)
        sending.start()
        sending.join(0.3)
        assert sending.is_alive()
        assert not sink.messages
        other.execute("ROLLBACK")
        sending.join(30)
    assert set(recipients(sink).values()) == {1}
    assert len(sink.messages) == READERS


def _send_once() -> None:
    sender.send_due()
    connection.close()


def test_no_mail_comes_after_the_unsubscribe_was_answered(sink: Sink, update: None) -> None:
    """Two senders race while readers leave; what counts is when the server had the whole mail."""
    arrived: dict[str, float] = {}

    def take(body: bytes) -> str:
        match = re.search(rb"^To: (\S+)", body, re.MULTILINE)
        assert match is not None
        arrived[match[1].decode()] = time.monotonic()
        return "250 OK"

    one_left = threading.Event()

    def ready_for_more() -> None:
        """The first mail goes at once, and the next ones once a reader has left whose mail is not on the wire."""
        if arrived:
            one_left.wait(60)
        threading.Event().wait(0.02)

    sink.on_data = take
    sink.before_data = ready_for_more
    senders = [threading.Thread(target=_send_once) for _ in range(2)]
    for thread in senders:
        thread.start()
    answered: dict[str, float] = {}
    while not arrived:
        threading.Event().wait(0.001)
    last = Subscriber.objects.order_by("-pk")[:1]
    assert Delivery.objects.filter(subscriber__in=last, wire_at=None).exists()
    for person in [*last, *Subscriber.objects.exclude(pk__in=last).order_by("?")[: READERS // 2]]:
        services.unsubscribe(person.ref)
        answered[person.key] = time.monotonic()
        one_left.set()
    for thread in senders:
        thread.join()
    late = {key: arrived[key] - at for key, at in answered.items() if key in arrived and arrived[key] > at}
    assert not late
    assert len(arrived) < READERS, "nobody left in time: the race proves nothing"
    assert {key for key in recipients(sink) if key not in answered} == {
        f"r{number}@example.com" for number in range(READERS)
    } - set(answered)
    assert set(recipients(sink).values()) == {1}
