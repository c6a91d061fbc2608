"""What is done for many keys is done at most so often for each."""

import pytest

from catalogue.labs.aws.limits import pace
from catalogue.labs.aws.limits.pace import Pace


def test_each_key_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("catalogue.labs.aws.limits.pace.time.monotonic", lambda: now)
    looks = Pace()
    assert [looks.due("a", 2), looks.due("a", 2), looks.due("b", 2)] == [True, False, True]
    now += 1.9
    assert not looks.due("a", 2)
    now += 0.1
    assert [looks.due("a", 2), looks.due("a", 2)] == [True, False]


def test_no_pause_is_no_limit() -> None:
    looks = Pace()
    assert looks.due("a", 0)
    assert looks.due("a", 0)


def test_it_keeps_a_bounded_number_of_keys() -> None:
    looks = Pace()
    for number in range(3 * pace._MOST_KEPT):
        looks.due(str(number), 60)
    assert len(looks._next) == pace._MOST_KEPT
