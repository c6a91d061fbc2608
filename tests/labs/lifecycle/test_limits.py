"""Each limit, by going past it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from catalogue.labs.lifecycle.limits import LimitReached, TokenBucket, admission, digest
from catalogue.labs.models import Lab, Status


def make_lab(owner: str = "me", status: str = Status.READY, **fields: object) -> Lab:
    count = Lab.objects.count()
    defaults: dict[str, object] = {
        "pattern": "postbox",
        "owner": digest(owner),
        "status": status,
        "stack": f"lab-{count}",
        "boot_id": "b",
        "expires_at": timezone.now() + timedelta(minutes=30),
    }
    return Lab.objects.create(**(defaults | fields))


@pytest.mark.django_db
def test_a_visitor_has_no_more_labs_than_allowed(settings: Settings) -> None:
    settings.LABS_PER_VISITOR = 2
    first = make_lab(used_at=timezone.now() - timedelta(seconds=settings.LABS_IDLE_SECONDS - 100))
    make_lab()
    with pytest.raises(LimitReached) as refused, admission(digest("me")):
        pytest.fail("admitted")
    assert first in refused.value.labs
    assert 1 <= refused.value.retry_after <= 101
    with admission(digest("another")):
        pass


@pytest.mark.django_db
@pytest.mark.parametrize(("most", "running"), [(1, "You have 1 lab running"), (2, "You have 2 labs running")])
def test_a_refusal_says_how_many_labs_a_visitor_has(settings: Settings, most: int, running: str) -> None:
    settings.LABS_PER_VISITOR = most
    for _ in range(most):
        make_lab()
    with pytest.raises(LimitReached, match=running), admission(digest("me")):
        pytest.fail("admitted")


@pytest.mark.django_db
def test_what_is_over_does_not_count(settings: Settings) -> None:
    settings.LABS_PER_VISITOR = 1
    make_lab(status=Status.GONE)
    make_lab(status=Status.FAILED)
    make_lab(expires_at=timezone.now())
    with admission(digest("me")):
        pass


@pytest.mark.django_db
def test_the_machine_has_no_more_labs_than_allowed(settings: Settings) -> None:
    settings.LABS_PER_MACHINE = 2
    make_lab("a")
    make_lab("b")
    with pytest.raises(LimitReached, match="All 2 labs"), admission(digest("c")):
        pytest.fail("admitted")


@pytest.mark.django_db
def test_an_address_has_no_more_labs_than_allowed_whichever_visitor_asks(settings: Settings) -> None:
    settings.LABS_PER_ADDRESS = 2
    make_lab("a", client="here", used_at=timezone.now() - timedelta(seconds=settings.LABS_IDLE_SECONDS - 100))
    make_lab("b", client="here")
    with pytest.raises(LimitReached, match="address has 2 labs") as refused, admission(digest("c"), "here"):
        pytest.fail("admitted")
    assert refused.value.labs == [], "other visitors' labs are not named"
    assert 1 <= refused.value.retry_after <= 101
    with admission(digest("c"), "there"):
        pass


@pytest.mark.django_db
def test_labs_that_are_made_and_deleted_again_and_again_come_to_an_end(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LABS_STARTS_PER_HOUR = 2
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    for minutes in (50, 5, 90):
        long_ago = now - timedelta(minutes=minutes)
        make_lab("a", status=Status.GONE, client="here", created_at=long_ago)
    with pytest.raises(LimitReached, match="can start 2 labs an hour") as refused, admission(digest("a"), "here"):
        pytest.fail("admitted")
    assert 600 <= refused.value.retry_after <= 601
    with admission(digest("a"), "there"):
        pass


def test_visitors_at_the_same_moment_are_admitted_one_by_one(settings: Settings, transactional_db: None) -> None:
    settings.LABS_PER_VISITOR = 3

    def try_once(number: int) -> bool:
        try:
            with admission(digest("me")):
                make_lab(stack=f"at-once-{number}")
                return True
        except LimitReached:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(try_once, range(8))) == 3


def test_a_bucket_lets_a_burst_through_and_then_the_rate() -> None:
    bucket = TokenBucket(rate=10, burst=3, now=0)
    assert [bucket.take(0) for _ in range(3)] == [0, 0, 0]
    assert bucket.take(0) == pytest.approx(0.1)
    assert bucket.take(0.11) == 0
    assert bucket.take(0.12) > 0
    assert [bucket.take(100) for _ in range(4)][:3] == [0, 0, 0]


@pytest.mark.django_db
@pytest.mark.parametrize(("wanted", "admitted"), [(1, True), (2, True), (3, False)])
def test_a_visitor_may_have_exactly_as_many_labs_as_the_limit(settings: Settings, wanted: int, admitted: bool) -> None:
    settings.LABS_PER_VISITOR = 3
    make_lab()
    assert is_admitted(wanted) is admitted


@pytest.mark.django_db
@pytest.mark.parametrize(("wanted", "admitted"), [(1, True), (2, True), (3, False)])
def test_a_machine_may_have_exactly_as_many_labs_as_the_limit(settings: Settings, wanted: int, admitted: bool) -> None:
    settings.LABS_PER_VISITOR = 9
    settings.LABS_PER_MACHINE = 3
    make_lab("another")
    assert is_admitted(wanted) is admitted


@pytest.mark.django_db
@pytest.mark.parametrize(("wanted", "admitted"), [(1, True), (2, True), (3, False)])
def test_an_address_may_have_exactly_as_many_labs_as_the_limit(settings: Settings, wanted: int, admitted: bool) -> None:
    settings.LABS_PER_VISITOR = 9
    settings.LABS_PER_ADDRESS = 3
    make_lab("another", client="here")
    assert is_admitted(wanted, "here") is admitted


@pytest.mark.django_db
@pytest.mark.parametrize(("wanted", "admitted"), [(1, True), (2, True), (3, False)])
def test_an_address_may_start_exactly_as_many_labs_an_hour_as_the_limit(
    settings: Settings, wanted: int, admitted: bool
) -> None:
    settings.LABS_PER_VISITOR = settings.LABS_PER_ADDRESS = 9
    settings.LABS_STARTS_PER_HOUR = 3
    make_lab("another", client="here", status=Status.GONE, created_at=timezone.now() - timedelta(minutes=59))
    make_lab("another", client="here", status=Status.GONE, created_at=timezone.now() - timedelta(minutes=61))
    assert is_admitted(wanted, "here") is admitted


def test_a_bucket_lets_a_request_through_at_exactly_one_token() -> None:
    bucket = TokenBucket(rate=4, burst=1, now=0)
    assert bucket.take(0) == 0
    assert bucket.take(0.125) == 0.125
    assert bucket.take(0.25) == 0


def is_admitted(wanted: int, client: str = "") -> bool:
    try:
        with admission(digest("me"), client, wanted):
            return True
    except LimitReached:
        return False
