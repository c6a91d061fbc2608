"""Gateway Validator's two shops: one leaves the shape of requests to the gateway, one checks it all itself.

The models are tried here too, by a draft 4 validator: they must refuse the same bodies as the checking shop.
"""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft4Validator

from handler_tests import LambdaContext, LoadHandler, LogLines, resources

ORDER = {"sku": "MUG-0042", "quantity": 2, "email": "ada@example.com"}
DELIVERY = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/carrier/harbour",
    "type": "example.carrier.parcel.delivered",
    "data": {"order": "o-1"},
}
UNFIT_ORDERS: list[Any] = [
    [],
    "mugs",
    {},
    {"sku": "MUG-0042", "quantity": 2},
    {**ORDER, "quantity": "two"},
    {**ORDER, "quantity": True},
    {**ORDER, "quantity": 0},
    {**ORDER, "quantity": 101},
    {**ORDER, "sku": "mug"},
    {**ORDER, "email": "ada"},
    {**ORDER, "email": "a@" + "b" * 260},
    {**ORDER, "note": "x" * 501},
    {**ORDER, "discount": 100},
]
UNFIT_DELIVERIES: list[Any] = [
    [],
    {**DELIVERY, "data": {}},
    {**DELIVERY, "data": "o-1"},
    {**DELIVERY, "id": ""},
    {**DELIVERY, "source": 7},
    {**DELIVERY, "specversion": "0.3"},
    {**DELIVERY, "type": "example.carrier.parcel.lost"},
]

type Ask = Callable[..., tuple[int, dict[str, Any]]]


def model(name: str) -> Draft4Validator:
    schema = resources("gateway-validator")[name]["Properties"]["Schema"]
    Draft4Validator.check_schema(schema)
    return Draft4Validator(schema)


def asking(shop: ModuleType) -> Ask:
    def ask(route: str, body: Any = None, query: dict[str, str] | None = None, **headers: str) -> Any:
        method, resource = route.split()
        answer = shop.handler(
            {
                "httpMethod": method,
                "resource": resource,
                "headers": {name.replace("_", "-"): value for name, value in headers.items()},
                "queryStringParameters": query,
                "body": body if body is None or isinstance(body, str) else json.dumps(body),
                "requestContext": {"requestId": "r-1"},
            },
            LambdaContext(),
        )
        return answer["statusCode"], json.loads(answer["body"])

    return ask


@pytest.fixture
def trusting(load_handler: LoadHandler) -> Ask:
    return asking(load_handler("gateway-validator/functions/shop/app.py"))


@pytest.fixture
def checking(load_handler: LoadHandler) -> Ask:
    return asking(load_handler("gateway-validator/functions/checking-shop/app.py"))


@pytest.fixture(params=["shop", "checking-shop"])
def shop(request: pytest.FixtureRequest, load_handler: LoadHandler) -> Ask:
    return asking(load_handler(f"gateway-validator/functions/{request.param}/app.py"))


class TestBothShops:
    def test_a_good_order_is_priced(self, shop: Ask, log_lines: LogLines) -> None:
        status, order = shop("POST /orders", ORDER, X_Amzn_Trace_Id="Root=1-abc")
        assert (status, order["total_cents"], order["order"]) == (201, 2900, "r-1")
        (line,) = log_lines()
        assert (line["trace"], line["status"]) == ("Root=1-abc", 201)

    def test_an_article_that_is_not_sold_is_refused(self, shop: Ask) -> None:
        status, body = shop("POST /orders", {**ORDER, "sku": "VAS-9999"})
        assert (status, body["refused_by"]) == (422, "the function")

    def test_a_quote_multiplies(self, shop: Ask) -> None:
        assert shop("GET /quotes", query={"sku": "BWL-0007", "quantity": "3"})[1]["total_cents"] == 6600

    @pytest.mark.parametrize("quantity", ["some", "0", "101", "-1", "2.5", "9" * 5000])
    def test_a_quantity_that_is_no_number_in_range_is_refused(self, shop: Ask, quantity: str) -> None:
        assert shop("GET /quotes", query={"sku": "MUG-0042", "quantity": quantity})[0] == 400

    def test_a_delivery_is_recorded(self, shop: Ask) -> None:
        status, body = shop("POST /deliveries", DELIVERY, Content_Type="application/cloudevents+json; charset=utf-8")
        assert (status, body) == (202, {"event": "e-1", "order": "o-1"})

    @pytest.mark.parametrize("headers", [{"Content_Type": "application/json"}, {}])
    def test_a_delivery_of_another_content_type_is_refused_unread(self, shop: Ask, headers: dict[str, str]) -> None:
        assert shop("POST /deliveries", "{", **headers)[0] == 415


def test_a_delivery_under_another_spelling_of_its_content_type_is_refused(trusting: Ask) -> None:
    """No model has checked it, so that a missing order would be a 502."""
    assert (
        trusting("POST /deliveries", {"id": "e-1", "data": {}}, Content_Type="Application/CloudEvents+JSON")[0] == 415
    )


def test_a_field_that_is_not_part_of_an_order_changes_nothing(trusting: Ask) -> None:
    """AWS lists `additionalProperties` as not supported in models, so such a field may reach the function."""
    status, order = trusting("POST /orders", ORDER | {"order": "mine", "discount": 100, "total_cents": 1})
    assert (status, order) == (201, {**ORDER, "order": "r-1", "total_cents": 2900})


class TestModels:
    @pytest.mark.parametrize(("name", "body"), [("OrderModel", ORDER), ("DeliveryModel", DELIVERY)])
    def test_a_good_body_fits(self, name: str, body: dict[str, Any]) -> None:
        assert model(name).is_valid(body)

    @pytest.mark.parametrize("body", UNFIT_ORDERS)
    def test_an_unfit_order_is_refused_by_the_model_and_by_the_twin(self, checking: Ask, body: Any) -> None:
        assert not model("OrderModel").is_valid(body)
        assert checking("POST /orders", body)[0] == 400

    @pytest.mark.parametrize("body", UNFIT_DELIVERIES)
    def test_an_unfit_delivery_is_refused_by_the_model_and_by_the_twin(self, checking: Ask, body: Any) -> None:
        assert not model("DeliveryModel").is_valid(body)
        assert checking("POST /deliveries", body, Content_Type="application/cloudevents+json")[0] == 400


class TestNaiveTwin:
    @pytest.mark.parametrize("body", [None, "", "{", "[1]"])
    def test_what_is_no_json_object_is_refused(self, checking: Ask, body: str | None) -> None:
        assert checking("POST /orders", body)[0] == 400

    @pytest.mark.parametrize("query", [None, {}, {"sku": "MUG-0042"}, {"sku": "MUG-0042", "quantity": ""}])
    def test_a_missing_parameter_is_refused(self, checking: Ask, query: dict[str, str] | None) -> None:
        assert checking("GET /quotes", query=query)[0] == 400
