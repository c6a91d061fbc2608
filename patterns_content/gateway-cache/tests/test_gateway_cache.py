"""Gateway Cache's storefront: it renders what a request asks for, and every rendering is distinguishable."""

import json
from typing import Any

import pytest

from handler_tests import LambdaContext, LoadHandler, LogLines

PATH = "gateway-cache/functions/storefront/app.py"


@pytest.fixture
def storefront(load_handler: LoadHandler) -> Any:
    return load_handler(PATH, RENDER_SECONDS="0")


def ask(storefront: Any, path: str, currency: str | None = None, **headers: str) -> tuple[int, dict[str, Any]]:
    product = path.removeprefix("/products/") if path.startswith("/products/") else None
    answer = storefront.handler(
        {
            "resource": "/products/{id}" if product else path,
            "path": path,
            "pathParameters": {"id": product} if product else None,
            "queryStringParameters": {"currency": currency} if currency else None,
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        },
        LambdaContext(),
    )
    return answer["statusCode"], json.loads(answer["body"])


def test_a_product_costs_euros_unless_another_currency_is_asked_for(storefront: Any) -> None:
    assert ask(storefront, "/products/mug")[1]["price_cents"] == 1450
    status, page = ask(storefront, "/products/mug", "USD")
    assert (status, page["price_cents"], page["currency"]) == (200, 1595, "USD")


def test_an_unknown_product_is_not_found(storefront: Any) -> None:
    assert ask(storefront, "/products/spoon")[0] == 404


def test_an_unknown_currency_is_refused(storefront: Any) -> None:
    assert ask(storefront, "/products/mug", "XXX")[0] == 400


@pytest.mark.parametrize(("group", "discount"), [("1", 30), ("2", 10), ("3", 0), ("9", 0)])
def test_offers_depend_on_the_price_group_whatever_the_headers_case(storefront: Any, group: str, discount: int) -> None:
    assert ask(storefront, "/offers", x_price_group=group)[1]["discount_percent"] == discount
    assert ask(storefront, "/offers", X_Price_Group=group)[1]["price_group"] == group


def test_offers_without_a_price_group_have_no_discount(storefront: Any) -> None:
    assert ask(storefront, "/offers")[1]["discount_percent"] == 0


def test_no_two_renderings_are_the_same(storefront: Any) -> None:
    renderings = {ask(storefront, "/products/mug")[1]["rendering"] for _ in range(20)}
    assert len(renderings) == 20


def test_a_rendering_is_logged_with_its_number_and_its_callers_trace(storefront: Any, log_lines: LogLines) -> None:
    _, page = ask(storefront, "/products/mug", x_amzn_trace_id="Root=1-abc")
    (line,) = log_lines()
    assert (line["step"], line["trace"]) == ("storefront.rendered", "Root=1-abc")
    assert line["rendering"] == page["rendering"]


def test_a_rendering_takes_as_long_as_the_setting_says(
    load_handler: LoadHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    storefront = load_handler(PATH, RENDER_SECONDS="0.3")
    slept: list[float] = []
    monkeypatch.setattr(storefront.time, "sleep", slept.append)
    ask(storefront, "/products/mug")
    assert slept == [0.3]
