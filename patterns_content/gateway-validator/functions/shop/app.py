"""A shop behind a gateway that has already refused every malformed request.

Only what a schema cannot check is left: is this article sold, is that parameter a number.
"""

import json
import time
from typing import Any

PRICES = {"MUG-0042": 1450, "BWL-0007": 2200, "VAS-0013": 6900}  # cents
FIELDS = ("sku", "quantity", "email", "note")


class Refused(Exception):
    """The request makes no sense to the shop: the answer's status and a sentence for the caller."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request of the API, with what the shop decides about it."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = str(headers.get("x-amzn-trace-id", ""))
    route = f"{event['httpMethod']} {event['resource']}"
    try:
        status, body = ROUTES[route](event, headers)
    except Refused as refusal:
        status, body = refusal.status, {"message": str(refusal), "refused_by": "the function"}
    log("shop.answered", trace, route=route, status=status)
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


# region order
def place_order(event: dict[str, Any], headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """201 with the order. The gateway has checked that all fields are there and of the right type."""
    order = json.loads(event["body"])
    cents = price_of(order["sku"]) * order["quantity"]
    taken = {field: order[field] for field in FIELDS if field in order}
    return 201, {"order": event["requestContext"]["requestId"], **taken, "total_cents": cents}


# endregion


# region quote
def quote(event: dict[str, Any], headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """200 with a price. The gateway has checked that a quantity is there, not that it is a number."""
    given = event["queryStringParameters"]
    quantity = given["quantity"]
    if not quantity.isdecimal() or len(quantity) > 3 or not 1 <= int(quantity) <= 100:
        raise Refused(400, "quantity must be a whole number from 1 to 100.")
    return 200, {"sku": given["sku"], "total_cents": price_of(given["sku"]) * int(quantity)}


# endregion


# region delivery
def record_delivery(event: dict[str, Any], headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """202 for the carrier's event. The gateway has a model for this one spelling, so no other body was checked."""
    content_type = headers.get("content-type", "").partition(";")[0].strip()
    if content_type != "application/cloudevents+json":
        raise Refused(415, f"{content_type or 'no content type'}: send application/cloudevents+json.")
    delivery = json.loads(event["body"])
    return 202, {"event": delivery["id"], "order": delivery["data"]["order"]}


# endregion


def price_of(sku: str) -> int:
    """The price in cents; refused with 422 if nothing is sold under that number."""
    if sku not in PRICES:
        raise Refused(422, f"No article {sku} is sold here.")
    return PRICES[sku]


def log(step: str, trace: str, **facts: Any) -> None:
    """Print one JSON line: what happened, when (Unix seconds) and on whose behalf."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))


ROUTES = {"POST /orders": place_order, "GET /quotes": quote, "POST /deliveries": record_delivery}
