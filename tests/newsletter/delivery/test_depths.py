"""The counts that monitoring reads."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalogue.newsletter.delivery import queue
from catalogue.newsletter.delivery.depths import depths
from catalogue.newsletter.mail import updates
from catalogue.newsletter.models import Delivery
from tests.newsletter.delivery.test_queue import enqueue
from tests.newsletter.mail.test_updates import reader, released

pytestmark = pytest.mark.django_db


def test_an_empty_queue_has_nothing_due_and_nothing_old() -> None:
    found = depths()
    assert set(found.counts) == {state.value for state in Delivery.State}
    assert set(found.counts.values()) == {0}
    assert (found.due, found.oldest_seconds, found.latest_seconds) == (0, 0, 0)


def test_the_oldest_mail_is_counted_from_when_it_was_queued_and_from_when_it_was_due() -> None:
    enqueue(3)
    now = timezone.now()
    first, second, _ = Delivery.objects.order_by("pk")
    Delivery.objects.filter(pk=first.pk).update(created_at=now - timedelta(hours=2), due_at=now + timedelta(hours=1))
    Delivery.objects.filter(pk=second.pk).update(created_at=now - timedelta(hours=1), due_at=now - timedelta(minutes=5))
    found = depths()
    assert found.counts["queued"] == 3
    assert found.due == 2
    assert found.oldest_seconds == pytest.approx(7200, abs=30)
    assert found.latest_seconds == pytest.approx(300, abs=30)


def test_what_is_sent_is_old_no_more_and_a_paused_update_is_not_late() -> None:
    reader("ada")
    update = released()
    Delivery.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert depths().oldest_seconds > 7000
    updates.pause(update)
    assert (depths().due, depths().oldest_seconds, depths().counts["queued"]) == (0, 0, 1)
    updates.resume(update)
    claim = queue.claim(1)
    assert depths().counts["in_flight"] == 1
    assert depths().due == 0
    Delivery.objects.filter(lease=claim.lease).update(state="sent", finished_at=timezone.now())
    assert (depths().oldest_seconds, depths().counts["sent"]) == (0, 1)
