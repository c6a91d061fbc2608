"""Function as a Web Service's handler: what it answers, and what it leaves to the gateway to answer."""

import json
from types import ModuleType
from typing import Any

import pytest

from handler_tests import LambdaContext, LoadHandler, LogLines

HANDLER = "function-as-a-web-service/functions/quote/app.py"


def event(resource: str, query: dict[str, str] | None = None, **path: str) -> dict[str, Any]:
    """A proxy event as API Gateway makes it, reduced to what it always has."""
    return {
        "resource": resource,
        "path": resource.format(**path),
        "httpMethod": "GET",
        "headers": {"x-amzn-trace-id": "Root=1-abc"},
        "multiValueHeaders": {"x-amzn-trace-id": ["Root=1-abc"]},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {key: [value] for key, value in query.items()} if query else None,
        "pathParameters": path or None,
        "stageVariables": None,
        "requestContext": {"resourcePath": resource, "httpMethod": "GET", "stage": "live"},
        "body": None,
        "isBase64Encoded": False,
    }


def quote(zone: str, **query: str) -> dict[str, Any]:
    return event("/zones/{zone}/quote", query or None, zone=zone)


@pytest.fixture
def web(load_handler: LoadHandler) -> ModuleType:
    return load_handler(HANDLER, FUEL_SURCHARGE_PERCENT="8")


def test_zones_are_listed_with_the_days_they_take(web: ModuleType, context: LambdaContext) -> None:
    answer = web.handler(event("/zones"), context)
    assert answer["statusCode"] == 200
    assert answer["headers"] == {"Content-Type": "application/json"}
    assert {zone["id"]: zone["days"] for zone in json.loads(answer["body"])["zones"]} == {
        "city": 1,
        "mainland": 2,
        "islands": 4,
        "overseas": 9,
    }


@pytest.mark.parametrize(
    ("zone", "query", "cents", "days"),
    [
        ("islands", {"grams": "1200"}, 1523, 4),
        ("islands", {"grams": "1200", "express": "yes"}, 2284, 1),
        ("islands", {"grams": "1200", "express": "no"}, 1523, 4),
        ("city", {"grams": "1000"}, 551, 1),
        ("city", {"grams": "1001"}, 648, 1),
        ("overseas", {"grams": "20000"}, 17982, 9),
    ],
)
def test_a_price_counts_started_kilos_express_and_surcharge(
    web: ModuleType, context: LambdaContext, zone: str, query: dict[str, str], cents: int, days: int
) -> None:
    body = json.loads(web.handler(quote(zone, **query), context)["body"])
    assert (body["cents"], body["days"]) == (cents, days)


def test_an_unknown_zone_is_a_404_that_says_where_to_look(web: ModuleType, context: LambdaContext) -> None:
    answer = web.handler(quote("moon", grams="1"), context)
    assert answer["statusCode"] == 404
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert "GET /zones" in json.loads(answer["body"])["detail"]


@pytest.mark.parametrize("grams", [None, "", "heavy", "-5", "0", "20001", "1.5", "١٢", " 12", "9" * 5000])
def test_an_impossible_weight_is_a_400_that_says_what_came(
    web: ModuleType, context: LambdaContext, grams: str | None
) -> None:
    answer = web.handler(quote("city", **({} if grams is None else {"grams": grams})), context)
    assert answer["statusCode"] == 400
    assert repr(grams) in json.loads(answer["body"])["detail"]


def test_a_setting_that_is_no_number_raises_and_is_named(load_handler: LoadHandler, context: LambdaContext) -> None:
    web = load_handler(HANDLER, FUEL_SURCHARGE_PERCENT="seven")
    with pytest.raises(ValueError, match="FUEL_SURCHARGE_PERCENT is not a number: 'seven'"):
        web.handler(quote("city", grams="1"), context)


def test_the_first_call_of_an_environment_is_cold_and_later_ones_are_warm(
    load_handler: LoadHandler, context: LambdaContext
) -> None:
    def served_by(web: ModuleType) -> dict[str, Any]:
        served: dict[str, Any] = json.loads(web.handler(event("/zones"), context)["body"])["served_by"]
        return served

    one = load_handler(HANDLER, FUEL_SURCHARGE_PERCENT="8")
    first, second = served_by(one), served_by(one)
    other = served_by(load_handler(HANDLER, FUEL_SURCHARGE_PERCENT="8"))
    assert [(call["cold"], call["calls"]) for call in (first, second, other)] == [
        (True, 1),
        (False, 2),
        (True, 1),
    ]
    assert first["environment"] == second["environment"] != other["environment"]


def test_every_step_is_logged_with_the_callers_trace(
    web: ModuleType, context: LambdaContext, log_lines: LogLines
) -> None:
    web.handler(quote("city", grams="1"), context)
    web.handler(quote("moon", grams="1"), context)
    lines = log_lines()
    assert [line["step"] for line in lines] == [
        "request.received",
        "request.answered",
        "request.received",
        "request.refused",
    ]
    assert {line["trace"] for line in lines} == {"Root=1-abc"}


@pytest.mark.parametrize("name", ["X-Amzn-Trace-Id", "x-amzn-trace-id", "X-AMZN-TRACE-ID"])
def test_header_names_are_read_in_any_case(
    web: ModuleType, context: LambdaContext, log_lines: LogLines, name: str
) -> None:
    web.handler(event("/zones") | {"headers": {name: "Root=1-x"}}, context)
    assert {line["trace"] for line in log_lines()} == {"Root=1-x"}


def test_a_request_without_headers_is_answered(web: ModuleType, context: LambdaContext) -> None:
    assert web.handler(event("/zones") | {"headers": None}, context)["statusCode"] == 200
