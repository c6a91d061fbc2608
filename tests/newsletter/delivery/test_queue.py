import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from catalogue.newsletter.delivery import queue
from catalogue.newsletter.delivery.sending.outcomes import SENT, Outcome, Result
from catalogue.newsletter.models import Delivery, Subscriber

pytestmark = pytest.mark.django_db


def enqueue(count: int) -> None:
    now = timezone.now()
    for number in range(count):
        address = f"reader{number}@example.com"
        subscriber = Subscriber.objects.create(address=address, key=address, created_at=now, next_ask_at=now)
        queue.add(subscriber, Delivery.Kind.CONFIRMATION)


def end_leases() -> None:
    Delivery.objects.filter(state="in_flight").update(due_at=timezone.now())


def test_no_row_is_claimed_twice() -> None:
    enqueue(5)
    first, second, third = (queue.claim(3).deliveries for _ in range(3))
    assert (len(first), len(second), len(third)) == (3, 2, 0)
    assert not {row.pk for row in first} & {row.pk for row in second}


def test_a_claim_walks_an_index_instead_of_sorting_the_queue() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("reads SQLite's query plans")
    enqueue(2)
    looks: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if '"due_at" <=' in sql:
            looks.append((sql, parameters))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(note):
        assert len(queue.claim(1).deliveries) == 1
    assert [sql.split()[0] for sql, _ in looks] == ["SELECT", "UPDATE"]
    for (sql, parameters), index in zip(looks, ("newsletter_delivery_due", "rowid=?"), strict=True):
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
            plan = "; ".join(str(row[-1]) for row in cursor.fetchall())
        assert index in plan, plan
        assert not re.search("TEMP B-TREE|SCAN", plan), plan


def test_what_was_put_back_for_a_moment_comes_after_what_waits_longer() -> None:
    enqueue(3)
    now = timezone.now()
    Delivery.objects.filter(subscriber__key="reader0@example.com").update(due_at=now)
    Delivery.objects.exclude(subscriber__key="reader0@example.com").update(due_at=now - timedelta(seconds=1))
    keys = [row.subscriber.key for row in queue.claim(3).deliveries]
    assert keys == ["reader1@example.com", "reader2@example.com", "reader0@example.com"]


def test_the_claim_repeats_its_condition_when_it_takes_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another sender comes between the look at the queue and the UPDATE."""
    enqueue(1)
    other: list[queue.Claim] = []
    new_lease = uuid.uuid4

    def interrupted() -> uuid.UUID:
        if not other:
            other.append(queue.Claim(new_lease(), []))
            other.append(queue.claim(1))
        return new_lease()

    monkeypatch.setattr(uuid, "uuid4", interrupted)
    mine = queue.claim(1)
    assert (len(other[1].deliveries), len(mine.deliveries)) == (1, 0)


def test_rows_of_a_sender_that_died_are_taken_over_when_the_lease_ends() -> None:
    enqueue(1)
    (lost,) = queue.claim(1).deliveries
    assert queue.claim(1).deliveries == []
    end_leases()
    (taken,) = queue.claim(1).deliveries
    assert taken.pk == lost.pk


def test_what_was_taken_over_and_not_begun_is_no_longer_in_doubt() -> None:
    enqueue(1)
    (row,) = queue.claim(1).deliveries
    queue.begin(row)
    for _ in range(3):
        end_leases()
        assert len(queue.claim(1).deliveries) == 1
    row.refresh_from_db()
    assert (row.attempts, row.wire_at) == (1, None)


def test_a_sender_that_lost_its_lease_can_neither_send_nor_settle() -> None:
    enqueue(1)
    (slow,) = queue.claim(1).deliveries
    end_leases()
    (quick,) = queue.claim(1).deliveries
    assert not queue.begin(slow)
    for outcome in Outcome:
        queue.settle(slow, Result(outcome, "late"))
    assert queue.begin(quick)
    queue.settle(quick, SENT)
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.error) == ("sent", 1, "")


def test_beginning_an_attempt_starts_the_lease_again() -> None:
    enqueue(1)
    (row,) = queue.claim(1).deliveries
    Delivery.objects.update(due_at=timezone.now() + timedelta(seconds=1))
    queue.begin(row)
    assert Delivery.objects.get().due_at > timezone.now() + queue.lease_time() - timedelta(seconds=5)


def test_a_failed_attempt_waits_before_the_next() -> None:
    enqueue(1)
    (row,) = queue.claim(1).deliveries
    queue.begin(row)
    queue.settle(row, Result(Outcome.TEMPORARY, "451 later"))
    assert queue.claim(1).deliveries == []
    assert not queue.any_due()
    waiting = Delivery.objects.get()
    assert (waiting.state, waiting.error, waiting.lease) == ("retry", "451 later", None)
    assert timedelta(seconds=10) < waiting.due_at - timezone.now() <= queue.FIRST_PAUSE


def test_a_mail_that_fails_again_and_again_is_given_up() -> None:
    enqueue(1)
    for _ in range(queue.MAX_ATTEMPTS):
        (row,) = queue.claim(1).deliveries
        queue.begin(row)
        queue.settle(row, Result(Outcome.TEMPORARY, "451 later"))
        Delivery.objects.update(due_at=timezone.now())
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("failed", queue.MAX_ATTEMPTS)
    assert not queue.any_due()


def test_what_was_claimed_and_not_begun_goes_back_unharmed() -> None:
    enqueue(2)
    Delivery.objects.filter(subscriber__key="reader1@example.com").update(state="retry", attempts=3)
    queue.release(queue.claim(2))
    assert list(Delivery.objects.order_by("pk").values_list("state", "attempts", "lease")) == [
        ("queued", 0, None),
        ("retry", 3, None),
    ]
    assert len(queue.claim(2).deliveries) == 2


@given(st.integers(1, 40), st.floats(0, 1))
def test_pauses_double_up_to_a_cap_and_are_spread(attempts: int, chance: float) -> None:
    whole = min(30 * 2.0 ** (attempts - 1), 6 * 3600)
    assert whole / 2 <= queue.pause(attempts, chance).total_seconds() <= whole


def test_all_attempts_together_take_less_than_a_day() -> None:
    whole = sum((queue.pause(attempt, 1.0) for attempt in range(1, queue.MAX_ATTEMPTS)), timedelta())
    assert timedelta(hours=12) < whole < timedelta(days=1)


@pytest.mark.parametrize(
    ("before", "state", "after"),
    [
        (queue.MAX_ATTEMPTS - 2, "in_flight", queue.MAX_ATTEMPTS - 1),
        (queue.MAX_ATTEMPTS - 1, "failed", queue.MAX_ATTEMPTS),
    ],
)
def test_a_crash_on_the_wire_is_an_attempt_and_the_last_one_fails_the_mail(
    before: int, state: str, after: int, settings: Settings
) -> None:
    settings.NEWSLETTER_IN_DOUBT = "retry"
    enqueue(1)
    (delivery,) = queue.claim(1).deliveries
    assert queue.begin(delivery)
    Delivery.objects.update(attempts=before)
    end_leases()

    claimed = queue.claim(1).deliveries

    row = Delivery.objects.get()
    assert (row.state, row.attempts) == (state, after)
    assert len(claimed) == (state == "in_flight")
    assert "interrupted" in row.error
    assert (row.finished_at is not None) == (state == "failed")


@pytest.mark.parametrize(("before", "state"), [(queue.MAX_ATTEMPTS - 2, "retry"), (queue.MAX_ATTEMPTS - 1, "failed")])
def test_the_last_attempt_fails_the_mail_and_the_one_before_does_not(before: int, state: str) -> None:
    enqueue(1)
    Delivery.objects.update(attempts=before)
    (delivery,) = queue.claim(1).deliveries
    assert queue.begin(delivery)
    queue.settle(delivery, Result(Outcome.TEMPORARY, "450 later"))
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == (state, before + 1)
