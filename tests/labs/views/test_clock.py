"""A lab has one clock: the nearer of its lifetime and the idle limit, and reading its page counts as use."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from catalogue.labs.lifecycle.services import READING_SECONDS
from catalogue.labs.models import Lab

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("content", "emulator")]


def used(lab_id: str, seconds_ago: float) -> datetime:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    Lab.objects.filter(pk=lab_id).update(used_at=at)
    return at


def test_a_lab_ends_at_the_nearer_of_both_limits(visitor: Client, made: dict[str, Any]) -> None:
    at = used(made["id"], 100)
    state = visitor.get(f"/labs/{made['id']}").json()
    assert datetime.fromisoformat(state["ends_at"]) == at + timedelta(seconds=settings.LABS_IDLE_SECONDS)
    soon = timezone.now() + timedelta(seconds=30)
    Lab.objects.filter(pk=made["id"]).update(expires_at=soon)
    state = visitor.get(f"/labs/{made['id']}").json()
    assert state["ends_at"] == state["expires_at"]


def test_reading_its_page_counts_as_use_now_and_then_and_only_by_its_owner(
    visitor: Client, made: dict[str, Any]
) -> None:
    address = f"/labs/{made['id']}/use"
    used(made["id"], READING_SECONDS + 5)
    assert Client().post(address).status_code == 403
    first = visitor.post(address).json()["ends_at"]
    assert datetime.fromisoformat(first) > timezone.now() + timedelta(seconds=settings.LABS_IDLE_SECONDS - 5)
    assert visitor.post(address).json()["ends_at"] == first, "noted a moment ago"
    visitor.delete(f"/labs/{made['id']}")
    assert visitor.post(address).status_code == 410


def test_more_time_is_added_to_what_is_left(visitor: Client, made: dict[str, Any]) -> None:
    extended = visitor.post(f"/labs/{made['id']}/extend").json()
    given = datetime.fromisoformat(extended["expires_at"]) - datetime.fromisoformat(made["expires_at"])
    assert given == timedelta(seconds=settings.LABS_LIFETIME_SECONDS)
