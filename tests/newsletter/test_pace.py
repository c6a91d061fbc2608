"""The one allowance that all senders share, at a moment that stands still."""

from datetime import UTC, datetime

import pytest
from pytest_django.fixtures import Settings

from catalogue.newsletter import pace
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
