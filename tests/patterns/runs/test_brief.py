"""A action in one line, with the run's own figures."""

import pytest

from catalogue.patterns.runs.brief import brief, observed, statuses
from catalogue.patterns.runs.document import Action, ActionAnswer, Check


def check(what: str, seen: str) -> Check:
    return Check(what=what, ok=True, seen=seen)


@pytest.mark.parametrize(
    ("what", "seen", "told"),
    [
        ("Worker invocations = 1", "1", "1 invocation of Worker"),
        ("Worker invocations ≥ 1 ≤ 12", "10", "10 invocations of Worker"),
        ("Worker errors = 0", "0", "no failure of Worker"),
        ("Orders items ≥ 50", "51", "51 items in Orders"),
        ("Queue messages = 0", "0", "no message in Queue"),
        ("Queue visible ≥ 4", "4", "4 messages waiting in Queue"),
        ("Worker logs 'packed'", "1", "Worker logged “packed”"),
        ("Worker logs 'busy' ≥ 1", "4", "Worker logged “busy”, 4 times"),
        ("Worker logs 'busy' = 0", "0", "Worker did not log “busy”"),
        ('Worker logs "it\'s"', "1", "Worker logged “it's”"),
        ("answers 200", "200", ""),
        ("header retry-after is 1", "1", ""),
        ("body holds 5", "5", ""),
        ("Worker invocations = 1", "a failure to ask", ""),
    ],
)
def test_what_a_check_saw_is_reported_in_words(what: str, seen: str, told: str) -> None:
    assert observed(check(what, seen)) == told


def test_a_burst_is_reported_by_its_statuses() -> None:
    assert statuses([ActionAnswer(status=202, ms=1)] * 48 + [ActionAnswer(status=429, ms=1)] * 2) == "48 × 202, 2 × 429"
    assert statuses([ActionAnswer(status=303, ms=1)]) == "303"
    assert statuses([]) == ""


def test_a_measure_taken_twice_is_reported_in_its_order() -> None:
    checks = (check("Queue visible ≥ 40", "46"), check("Queue messages = 0", "0"), check("T items = 50", "50"))
    told = brief(Action(at=0, ms=233.2, id="burst", title="Fifty", action="POST /orders × 50", checks=checks))
    assert (told.answer, told.took) == ("done", "233 ms")
    assert told.seen == "46 messages waiting in Queue, then no message in Queue and 50 items in T"
