"""The one allowance that all senders share, at a moment that stands still."""

import re
from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from catalogue.newsletter.delivery import pace
from catalogue.newsletter.models import SendingPace

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC).timestamp()


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW)


def test_a_second_of_the_rate_may_be_spent_at_once_and_no_more(settings: Settings) -> None:
    settings.NEWSLETTER_PER_SECOND = 8
    assert [pace.reserve(3).mails for _ in range(3)] == [3, 3, 2]
    refused = pace.reserve(3)
    assert refused.mails == 0
    assert refused.wait == pytest.approx(0.125)


def test_what_was_reserved_and_not_used_is_given_back_to_the_rate(settings: Settings) -> None:
    settings.NEWSLETTER_PER_SECOND = 8
    pace.give_back(pace.reserve(200), 6)
    assert pace.reserve(200).mails == 6


def test_what_was_reserved_and_not_used_is_given_back_to_the_days_limit(settings: Settings) -> None:
    settings.NEWSLETTER_WARM_UP = "2027-02-28:4"
    pace.give_back(pace.reserve(200), 5)
    assert pace.reserve(200).mails == 5
    assert pace.reserve(200).wait == 12 * 3600


def test_a_server_that_asks_for_less_is_given_silence_and_then_half(settings: Settings) -> None:
    settings.NEWSLETTER_PER_SECOND = 8
    pace.slow_down()
    assert pace.reserve(1).wait == pytest.approx(2)
    SendingPace.objects.update(held_until=0)
    assert pace.reserve(200).mails == 4
    pace.speed_up()
    assert SendingPace.objects.get().slowdown == pytest.approx(1.6)


def test_the_days_count_starts_at_zero_after_midnight_utc(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.NEWSLETTER_WARM_UP = "2027-02-28:4"
    midnight = datetime(2027, 3, 2, tzinfo=UTC).timestamp()
    monkeypatch.setattr("time.time", lambda: midnight - 1)
    assert pace.reserve(200).mails == 8
    refused = pace.reserve(1)
    assert (refused.mails, refused.wait) == (0, 1)

    monkeypatch.setattr("time.time", lambda: midnight)
    assert pace.reserve(10).mails == 10
    row = SendingPace.objects.get()
    assert (row.day, row.sent_today) == (date(2027, 3, 2), 10)
    assert pace.reserve(200).mails == 6
    assert pace.reserve(1).mails == 0


def test_the_warm_up_doubles_each_day_from_its_first_to_its_twentieth_after() -> None:
    plan = pace.WarmUp(date(2027, 3, 1), 3)
    days = [date(2027, 2, 28), date(2027, 3, 1), date(2027, 3, 2), date(2027, 3, 21), date(2027, 3, 22)]
    assert [plan.limit(day) for day in days] == [0, 3, 6, 3 * 2**20, None]


@pytest.mark.parametrize("text", ["2027-03-01", "2027-03-01:", "2027-03-01:some", "soon:5", "2027-03-01:0"])
def test_a_warm_up_that_cannot_be_read_is_refused_with_its_text(settings: Settings, text: str) -> None:
    settings.NEWSLETTER_WARM_UP = text
    with pytest.raises(ImproperlyConfigured, match=re.escape(repr(text))):
        pace.reserve(1)


def test_a_warm_up_of_one_mail_is_accepted(settings: Settings) -> None:
    settings.NEWSLETTER_WARM_UP = "2027-03-01:1"
    assert [pace.reserve(5).mails, pace.reserve(5).mails] == [1, 0]


def test_a_server_that_keeps_asking_for_less_is_sent_a_sixty_fourth_at_the_least() -> None:
    for _ in range(8):
        SendingPace.objects.update(held_until=0)
        pace.slow_down()
    assert SendingPace.objects.get().slowdown == 64


def test_a_second_wish_for_less_during_the_silence_changes_nothing(settings: Settings) -> None:
    pace.slow_down()
    pace.slow_down()
    row = SendingPace.objects.get()
    assert (row.slowdown, row.held_until) == (2, NOW + 2)


def test_without_a_rate_a_slowed_sender_sends_a_burst_of_a_thousand_over_the_slowdown() -> None:
    pace.slow_down()
    SendingPace.objects.update(held_until=0)
    assert pace.reserve(10_000).mails == 500
