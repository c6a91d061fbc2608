"""The same shop behind a gateway that lets everything through: most of this file is checks."""

import json
import re
import time
from typing import Any

PRICES = {"MUG-0042": 1450, "BWL-0007": 2200, "VAS-0013": 6900}  # cents
SKU = re.compile(r"[A-Z]{3}-[0-9]{4}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class Refused(Exception):
    """The request is malformed or makes no sense: the answer's status and a sentence for the caller."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request of the API, after checking all of it."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = str(headers.get("x-amzn-trace-id", ""))
    route = f"{event['httpMethod']} {event['resource']}"
    try:
        status, body = ROUTES[route](event, headers)
    except Refused as refusal:
        status, body = refusal.status, {"message": str(refusal), "refused_by": "the function"}
    log("shop.answered", trace, route=route, status=status)
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def place_order(event: dict[str, Any], headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """201 with the order."""
    order = json_object(event)
    unknown = order.keys() - {"sku", "quantity", "email", "note"}
    if unknown:
        raise Refused(400, f"Unknown fields: {', '.join(sorted(unknown))}.")
    sku = text(order, "sku", SKU)
    text(order, "email", EMAIL, most=254)
    if "note" in order:
        text(order, "note", most=500)
    quantity = order.get("quantity")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= 100:
        raise Refused(400, "quantity must be a whole number from 1 to 100.")
    return 201, {
        "order": event["requestContext"]["requestId"],
        **order,
        "total_cents": price_of(sku) * quantity,
    }


def quote(event: dict[str, Any], headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """200 with a price."""
    given = event.get("queryStringParameters") or {}
    missing = [name for name in ("sku", "quantity") if not given.get(name)]
    if missing:
        raise Refused(400, f"Missing required request parameters: {', '.join(missing)}.")
    quantity = given["quantity"]
    if not quantity.isdecimal() or len(quantity) > 3 or not 1 <= int(quantity) <= 100:
        raise Refused(400, "quantity must be a whole number from 1 to 100.")
    return 200, {"sku": given["sku"], "total_cents": price_of(given["sku"]) * int(quantity)}


def record_delivery(event: dict[str, Any], headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """202 for the carrier's event."""
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/cloudevents+json":
        raise Refused(415, f"{content_type or 'no content type'}: send application/cloudevents+json.")
    delivery = json_object(event)
    if delivery.get("specversion") != "1.0":
        raise Refused(400, "specversion must be 1.0.")
    if delivery.get("type") != "example.carrier.parcel.delivered":
        raise Refused(400, "type must be example.carrier.parcel.delivered.")
    text(delivery, "source")
    data = delivery.get("data")
    if not isinstance(data, dict):
        raise Refused(400, "data must be an object.")
    return 202, {"event": text(delivery, "id"), "order": text(data, "order")}


def json_object(event: dict[str, Any]) -> dict[str, Any]:
    """The body as a JSON object; refused with 400 if it is none."""
    try:
        body = json.loads(event.get("body") or "")
    except json.JSONDecodeError as error:
        raise Refused(400, f"The body is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise Refused(400, "The body must be a JSON object.")
    return body


def text(body: dict[str, Any], field: str, shape: re.Pattern[str] | None = None, most: int = 1000) -> str:
    """The field's text, of at most `most` characters and of that shape; refused with 400 otherwise."""
    value = body.get(field)
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise Refused(400, f"{field} must be text of 1 to {most} characters.")
    if shape and not shape.fullmatch(value):
        raise Refused(400, f"{field} does not look like one.")
    return value


def price_of(sku: str) -> int:
    """The price in cents; refused with 422 if nothing is sold under that number."""
    if sku not in PRICES:
        raise Refused(422, f"No article {sku} is sold here.")
    return PRICES[sku]


def log(step: str, trace: str, **facts: Any) -> None:
    """Print one JSON line: what happened, when (Unix seconds) and on whose behalf."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))


ROUTES = {"POST /orders": place_order, "GET /quotes": quote, "POST /deliveries": record_delivery}
