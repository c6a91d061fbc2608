"""From answers, log lines and gauges to figures, and from figures to claims, rows and strips: all pure."""

import re
from typing import Literal

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from catalogue.labs.demos.comparisons.results.claims import check_claims
from catalogue.labs.demos.comparisons.results.cost import per_million_succeeded, shared_requests
from catalogue.labs.demos.comparisons.results.figures import (
    Seen,
    counted,
    own_figures,
    percentile,
    read,
    standard_figures,
    successes,
)
from catalogue.labs.demos.comparisons.results.strips import strips
from catalogue.labs.demos.comparisons.results.table import (
    ComparisonRow,
    Unit,
    avoided,
    better_of,
    shown,
    what_succeeded,
    who_got_what,
)
from catalogue.labs.demos.comparisons.traffic import Sent
from catalogue.labs.demos.expectations import StepAnswer
from catalogue.labs.watching.trace import Event, LogLine
from catalogue.patterns.content.pattern import Pattern, load_pattern
from catalogue.patterns.content.schemas.comparison import (
    Bound,
    Claim,
    Comparison,
    Count,
    Reading,
    Side,
    Success,
    Traffic,
)
from catalogue.patterns.content.schemas.pattern import Request

HIT = {"x-cache": "Hit"}


def answer(status: int, ms: float = 10, headers: dict[str, str] | None = None) -> StepAnswer:
    return StepAnswer(status, headers or {}, "", ms)


def invocation(function: str, *, error: bool = False, billed_ms: int = 5) -> Event:
    return Event("invocation", {"function": function, "error": error, "billed_ms": billed_ms})


SEEN = Seen(
    sent=[
        Sent("first", 0, 0, (answer(202, 20), answer(202, 30), answer(500, 1))),
        Sent("second", 1, 0, (answer(200, 40, HIT), answer(404, 10))),
        Sent("third", 2, 0, left_out="Nothing to do here."),
    ],
    lines=[LogLine("Web", "s", 0, '{"step": "a"}'), LogLine("Worker", "s", 0, '{"step": "a"}')],
    events=[invocation("Web"), invocation("Web", error=True, billed_ms=7), Event("log", {"function": "Web"})],
    before={("Queue", "visible"): 1, ("Table", "items"): 4},
    after={("Queue", "visible"): 3, ("Table", "items"): 9},
)


def test_the_figures_that_every_comparison_has() -> None:
    assert standard_figures(SEEN) == {
        "requests": 5,
        "invocations": 2,
        "errors": 1,
        "refused": 1,
        "failed": 1,
        "p50_ms": 20,  # of 10, 20, 30, 40: a 500 after a millisecond is not among them
        "p95_ms": 40,
        "billed_ms": 12,
    }


def test_a_websocket_counts_with_the_calls_made_meanwhile_and_has_no_latency() -> None:
    talk = StepAnswer(101, {}, '{"received": [], "statuses": [200, 200], "closed": null}', 9000)
    figures = standard_figures(Seen(sent=[Sent("talk", 0, 0, (talk, answer(200, 20)))]))
    assert (figures["requests"], figures["p50_ms"], figures["p95_ms"]) == (4, 20, 20)


def test_what_counts_as_success_is_the_comparisons_own_or_every_answer_below_400(twins: Pattern) -> None:
    assert twins.compare is not None
    figures = {"charges": 18.0, "doubled": 12.0, "unknown": None}
    ways = {None: 3.0, Success(figure="charges"): 18.0, Success(figure="charges", less="doubled"): 6.0}
    for success, count in ways.items():
        assert successes(twins.compare.model_copy(update={"success": success}), figures, SEEN) == count
    nothing = twins.compare.model_copy(update={"success": Success(figure="unknown")})
    assert successes(nothing, figures, SEEN) == 0


def test_a_side_is_not_cheap_because_it_did_less(twins: Pattern) -> None:
    assert twins.compare is not None
    requests = shared_requests(twins.compare)
    assert per_million_succeeded(9.0, twins.compare, requests) == 9.0
    assert per_million_succeeded(3.0, twins.compare, requests / 10) == 30.0
    assert per_million_succeeded(3.0, twins.compare, 0) is None


def test_a_side_that_was_asked_nothing_has_no_latency() -> None:
    figures = standard_figures(Seen(sent=[]))
    assert (figures["requests"], figures["p50_ms"], figures["p95_ms"]) == (0, None, None)


@pytest.mark.parametrize(
    ("count", "value"),
    [
        (Count(measure="invocations", resource="Web"), 2),
        (Count(measure="invocations", resource="Worker"), 0),
        (Count(measure="errors", resource="Web"), 1),
        (Count(measure="logged", resource="Worker", text='"a"'), 1),
        (Count(measure="items", resource="Table"), 5),
        (Count(measure="visible", resource="Queue"), 2),
        (Count(measure="messages", resource="Queue"), 0),
        (Count(measure="answers"), 5),
        (Count(measure="answers", of=("first",)), 3),
        (Count(measure="answers", statuses=(202, 404)), 3),
        (Count(measure="answers", of=("first",), statuses=(404,)), 0),
        (Count(measure="answers", headers={"X-Cache": "~^H"}), 1),
    ],
)
def test_each_measure_counts_what_it_names(count: Count, value: int) -> None:
    assert counted(count, SEEN) == value


def test_a_reading_may_be_what_remains_of_one_count_less_another() -> None:
    lost = Reading(count=Count(measure="answers"), minus=Count(measure="items", resource="Table"))
    assert read(lost, SEEN) == 0


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([1, 50, 95, 99, 100]))
def test_a_percentile_is_one_of_the_values_that_enough_others_do_not_exceed(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= len(values) * percent / 100


def claimed(*claims: Claim) -> Comparison:
    request = Request(method="GET", path="/")
    return Comparison(
        naive="N.",
        story="S.",
        lesson="L.",
        traffic=(Traffic(id="a", title="The one", request=request),),
        claims=claims,
    )


FIGURES: dict[Side, dict[str, float | None]] = {
    "pattern": {"lost": 0, "p50_ms": 5.0, "usd_per_million": None},
    "naive": {"lost": 4, "p50_ms": 5.0, "usd_per_million": 3.0},
}


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        (Claim(figure="lost", pattern=Bound(equals=0)), [True]),
        (Claim(figure="lost", pattern=Bound(equals=1)), [False]),
        (Claim(figure="lost", naive=Bound(at_least=4, at_most=4)), [True]),
        (Claim(figure="lost", naive=Bound(at_least=5)), [False]),
        (Claim(figure="lost", naive=Bound(at_most=3)), [False]),
        (
            Claim(figure="lost", pattern=Bound(equals=0), naive=Bound(at_least=9), smaller="pattern"),
            [True, False, True],
        ),
        (Claim(figure="lost", smaller="naive"), [False]),
        (Claim(figure="p50_ms", smaller="pattern"), [False]),
        (Claim(figure="usd_per_million", pattern=Bound(at_most=9)), [False]),
        (Claim(figure="usd_per_million", smaller="naive"), [False]),
    ],
)
def test_a_claim_holds_only_of_what_was_counted(claim: Claim, holds: list[bool]) -> None:
    assert [check.ok for check in check_claims(claimed(claim), FIGURES)] == holds


@pytest.mark.parametrize(
    ("values", "wished", "unit", "better"),
    [
        ((0, 4), "less", "count", "pattern"),
        ((4, 0), "less", "count", "naive"),
        ((4, 0), "more", "count", "pattern"),
        ((4, 4), "less", "count", None),
        ((4, 0), None, "count", None),
        ((None, 3), "less", "count", None),
        ((100, 109), "less", "ms", None),
        ((100, 140), "less", "ms", "pattern"),
    ],
)
def test_the_better_side_is_reported_only_where_there_is_one(
    values: tuple[float | None, float | None],
    wished: Literal["less", "more"] | None,
    unit: Unit,
    better: Side | None,
) -> None:
    pattern, naive = values
    assert better_of(pattern, naive, wished, unit) == better


def test_figures_as_they_are_read() -> None:
    times = [shown(ms, "ms").replace("\N{NO-BREAK SPACE}", " ") for ms in (8.44, 812.6, 2449)]
    assert times == ["8.4 ms", "813 ms", "2.4 s"]
    assert shown(1234, "count") == "1,234"
    assert (shown(4.2, "usd"), shown(None, "count")) == ("$4.20", "–")


def test_what_the_pattern_did_not_need_is_said_only_if_it_needed_less() -> None:
    def row(pattern: float, naive: float) -> ComparisonRow:
        better = better_of(pattern, naive, "less", "count")
        return ComparisonRow("invocations", "Invocations", "", "count", pattern, naive, better, own=False)

    assert avoided([row(12, 43)]) == "For the same traffic, the pattern avoided 31 invocations."
    assert avoided([row(43, 12)]) == ""


def test_both_strips_share_a_scale_and_mark_failures_by_shape() -> None:
    def side(*answers: tuple[float, int]) -> dict[str, object]:
        return {"latencies": [{"part": "a", "ms": ms, "status": status} for ms, status in answers]}

    pattern, naive = strips({"sides": {"pattern": side((10, 200)), "naive": side((10, 503), (999, 404))}})
    assert (
        re.findall(r">(\d+ m?s)<", pattern.svg) == re.findall(r">(\d+ m?s)<", naive.svg) == ["10 ms", "100 ms", "1 s"]
    )
    place = r'<svg x="([\d.]+)%" y="\d+" class="strip-mark (is-\w+)">'
    assert re.findall(place, pattern.svg)[0][0] == re.findall(place, naive.svg)[0][0]
    assert [kind for _, kind in re.findall(place, naive.svg)] == ["is-failed", "is-refused"]
    assert "1 with status 500 or above, 1 with status 400 to 499" in naive.summary
    assert strips({"sides": {"pattern": side(), "naive": side()}}) == []


def test_what_only_one_side_was_sent_is_reported_with_the_requests(twins: Pattern) -> None:
    assert twins.compare is not None
    assert who_got_what(twins.compare) == (
        "Both got the same traffic. In addition, the pattern got “Ask what only the pattern can be asked” (1)."
    )
    shared = tuple(part for part in twins.compare.traffic if part.only is None)
    assert who_got_what(twins.compare.model_copy(update={"traffic": shared})) == "Both got the same traffic."


def test_what_counts_as_successful_is_said_with_the_cost(twins: Pattern) -> None:
    assert twins.compare is not None
    assert what_succeeded(twins.compare) == "Counted as successful: answers below 400."
    figures = twins.compare.figures
    named = Success(figure=figures[0].id, less=figures[1].id)
    said = what_succeeded(twins.compare.model_copy(update={"success": named}))
    assert said == f"Counted as successful: {figures[0].label}, less {figures[1].label}."


def test_an_order_that_was_packed_and_reported_as_failed_is_not_counted_as_lost() -> None:
    comparison = load_pattern(settings.BASE_DIR / "patterns_content" / "queue-based-load-leveling").compare
    assert comparison is not None
    answers = (answer(201), answer(503), answer(504), answer(502))
    stored = {("OrdersTable", "items"): 2}  # one of them by a function whose time was over before it could answer
    seen = Seen(sent=[Sent("sale", 0, 0, answers)], before={}, after=stored)
    figures = own_figures(comparison, "naive", seen)
    assert (figures["packed"], figures["lost"], figures["unreported"]) == (2, 2, 1)
    assert standard_figures(seen)["failed"] == 3
