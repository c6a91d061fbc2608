"""A meter's reading puts both amounts of each price in one row and says what was avoided."""

import pytest

from catalogue.patterns.costs.meter import read_meter
from catalogue.patterns.services.sqs import IDLE
from tests.patterns.costs.runs import bare, run, template, use

USES = (
    use("api-gateway", "Request", "Api", 10),
    use("api-gateway", "CacheHit", "Api", 9),
    use("lambda", "Invoke", "Orders", 1, 0.5),
)


def test_a_row_for_each_price_with_what_stands_by_the_hour_apart() -> None:
    meter = read_meter(run((), (*USES, use("sqs", "SendMessage", "Queue", 1))), template(), 1000, free_tier=False)
    rows = {row.key: row for row in meter.rows}
    assert rows["sqs.standard-requests"].so_far == "$0.0000004"
    assert rows["sqs.standard-requests-by-the-hour"].so_far == "–"  # polling is assumed, not seen
    assert rows["sqs.standard-requests-by-the-hour"].month == "$0.26"
    assert rows["sqs.standard-requests-by-the-hour"].what == IDLE
    assert rows["lambda.requests"].service == "AWS Lambda"
    assert sum(row.share for row in meter.rows) == pytest.approx(100, abs=len(rows))


def test_a_meter_without_a_request_still_knows_what_stands() -> None:
    meter = read_meter(run(), template(), 1_000_000, free_tier=True)
    assert (meter.requests_text, meter.so_far) == ("0", "$0")
    assert "apigateway.cache-0.5gb-by-the-hour" in {row.key for row in meter.rows}


def test_what_was_avoided_is_reported_for_now_and_for_the_month() -> None:
    meter = read_meter(run((), USES), bare(), 1_000_000, free_tier=False)
    (row,) = meter.avoided_lines
    assert row.count == "9"
    assert row.what.startswith("invocations avoided: the stage's cache answered")
    assert meter.avoided_usd == row.month == "$6.18"


def test_as_json_the_month_and_the_time_so_far_have_the_same_shape() -> None:
    document = read_meter(run((), USES, ms=4321), bare(), 500, free_tier=True).document()
    assert document["seconds"] == 4.321
    assert set(document["so_far"]) | {"per_month", "free_tier"} == set(document["month"])
    assert document["month"]["per_month"] == 500
