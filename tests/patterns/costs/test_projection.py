"""A month is the run's average many times over, plus what stands by the hour, less what is free."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.patterns.costs.bill import bill
from catalogue.patterns.costs.prices import price_book
from catalogue.patterns.costs.projection import COLD, FREE, NO_REQUESTS, month
from catalogue.patterns.runs.document import Run, Use
from catalogue.patterns.services.sqs import POLLING
from tests.patterns.costs.runs import bare, request, run, template, use

OPERATIONS = [
    ("api-gateway", "Request", "Api"),
    ("lambda", "Invoke", "Orders"),
    ("lambda", "Invoke", "Guard"),
    ("sqs", "SendMessage", "Queue"),
    ("sqs", "SendMessage", "Ordered"),
    ("sns", "Publish", "Topic"),
    ("dynamodb", "PutItem", "Table"),
    ("dynamodb", "GetItem", "Table"),
    ("cloudwatch", "PutLogEvents", "Orders"),
    ("secrets-manager", "GetSecretValue", "Key"),
]


@st.composite
def a_use(draw: st.DrawFn) -> Use:
    service, operation, resource = draw(st.sampled_from(OPERATIONS))
    count = draw(st.integers(1, 10_000))
    return use(service, operation, resource, count, draw(st.floats(0, 1e9)))


runs = st.builds(
    lambda uses, ms, calls: run((), (*uses, use("api-gateway", "Request", "Api", calls)), ms=ms),
    st.lists(a_use(), max_size=12),
    st.floats(0, 1e8),
    st.integers(1, 1000),
)
rates = st.integers(0, 10**9)


@given(runs)
def test_money_adds_up(given_run: Run) -> None:
    made = bill(given_run, template())
    assert made.usd == sum(line.usd for line in made.lines)
    for line in made.lines:
        known = price_book().prices[line.key]
        assert line.usd == line.quantity * known.usd / known.per


@given(runs, rates, st.booleans())
def test_no_line_is_negative(given_run: Run, rate: int, free: bool) -> None:
    made = bill(given_run, template())
    for line in (*made.lines, *month(made, None, rate, free).lines):
        assert line.usd >= 0
        assert line.quantity >= 0
        assert line.free <= line.quantity


@given(runs, rates)
def test_the_free_tier_never_raises_the_bill(given_run: Run, rate: int) -> None:
    made = bill(given_run, template())
    assert month(made, None, rate, True).usd <= month(made, None, rate, False).usd


@given(runs, st.integers(1, 10**8))
def test_above_the_free_tier_the_bill_grows_by_the_same_for_every_request(given_run: Run, rate: int) -> None:
    made = bill(given_run, template())
    start = 10**9 * 10**6  # past every allowance that these requests use at all
    used = {line.key for line in made.lines if line.quantity > Decimal("1e-3") and not line.standing}
    if any(not line.standing and line.key not in used for line in made.lines):
        return
    with localcontext(prec=50):  # of the usual 28 digits, so many requests use up 15 before their difference begins
        first, second, third = (month(made, None, start + n * rate, True).usd for n in range(3))
        assert third - second == pytest.approx(second - first, rel=Decimal("1e-12"))


@given(runs, rates)
def test_without_the_free_tier_a_month_is_linear_from_the_first_request(given_run: Run, rate: int) -> None:
    made = bill(given_run, template())
    none, once, twice = (month(made, None, n * rate, False).usd for n in range(3))
    assert twice - once == pytest.approx(once - none, rel=Decimal("1e-12"))


def test_a_million_requests_cost_what_the_list_says() -> None:
    made = bill(run((request(), request())), bare())
    assert month(made, 2, 1_000_000, False).usd == Decimal("3.5")


def test_what_stands_by_the_hour_costs_a_whole_month_and_is_named() -> None:
    idle = month(bill(run((request(),)), template()), None, 0, False)
    lines = {line.key: line for line in idle.lines if line.standing}
    assert lines["apigateway.cache-0.5gb"].usd == Decimal("14.600")
    assert lines["secretsmanager.secret"].usd == Decimal("0.40")
    assert lines["sqs.standard-requests"].quantity == 5 * 180 * 730
    assert "Source polling Queue" in lines["sqs.standard-requests"].formula
    assert POLLING in idle.notes


def test_an_allowance_is_taken_once_for_all_lines_that_share_it() -> None:
    uses = (use("sqs", "SendMessage", "Queue", 1), use("sqs", "SendMessage", "Ordered", 1))
    made = month(bill(run((request(),), uses), template()), 1, 1_000_000, True)
    queues = [line for line in made.lines if line.key.startswith("sqs.")]
    assert sum(line.free for line in queues) == 1_000_000
    assert FREE in made.notes
    assert any("Free: 1,000,000." in line.formula for line in queues)


def test_a_month_from_a_short_run_warns_of_its_cold_starts() -> None:
    uses = (use("lambda", "Invoke", "Orders", 1, 0.1),)
    assert COLD in month(bill(run((request(),), uses), bare()), None, 1, False).notes
    assert COLD not in month(bill(run((request(),)), bare()), None, 1, False).notes


def test_without_a_request_only_standing_costs_are_projected() -> None:
    made = month(bill(run((), (use("sqs", "SendMessage", "Queue", 3),)), template()), None, 1_000_000, False)
    assert all(line.standing for line in made.lines)
    assert NO_REQUESTS in made.notes
