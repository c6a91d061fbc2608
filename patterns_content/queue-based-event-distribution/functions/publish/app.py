"""Takes an order over HTTP and tells the world about it, once."""

import json
import os
import time
import uuid
from typing import Any

import boto3

DELIVERIES = ("parcel", "pickup")

sns = boto3.client("sns")


class NotAnOrder(ValueError):
    """What was posted is not an order; the message says why."""


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Publish the posted order; 202, because the consumers have yet to do their part."""
    trace = trace_id(event)
    try:
        order = parse(event.get("body"))
    except NotAnOrder as error:
        log("order.refused", trace, detail=str(error))
        return answer(400, {"title": "Not an order", "status": 400, "detail": str(error)})
    publish(order, trace)
    log("order.published", trace, order=order["order"])
    return answer(202, {"status": "accepted", "order": order["order"]})


# endregion


# region publish
def publish(order: dict[str, Any], trace: str) -> None:
    """One event; what subscribers filter on stands beside it as attributes."""
    attributes = {
        "event": {"DataType": "String", "StringValue": "order.placed"},
        "delivery": {"DataType": "String", "StringValue": order["delivery"]},
        "total_cents": {"DataType": "Number", "StringValue": str(order["total_cents"])},
    }
    if trace:
        attributes["trace"] = {"DataType": "String", "StringValue": trace}
    sns.publish(TopicArn=os.environ["TOPIC_ARN"], Message=json.dumps(order), MessageAttributes=attributes)


# endregion


def parse(body: str | None) -> dict[str, Any]:
    """The order with a number of its own. `NotAnOrder` if a field is missing or of another kind."""
    try:
        posted = json.loads(body or "")
    except json.JSONDecodeError as error:
        raise NotAnOrder(f"the body is not JSON: {error}") from None
    match posted:
        case {"item": str(item), "delivery": str(delivery), "total_cents": int(total)}:
            pass
        case _:
            raise NotAnOrder("item and delivery must be text, total_cents a whole number")
    if delivery not in DELIVERIES:
        raise NotAnOrder(f"delivery must be one of {', '.join(DELIVERIES)}")
    if not 0 <= total <= 1_000_000 or isinstance(total, bool):
        raise NotAnOrder("total_cents must be from 0 to 1000000")
    return {"order": str(uuid.uuid4()), "item": item, "delivery": delivery, "total_cents": total}


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """The shape that a proxy integration wants."""
    kind = "application/json" if status < 400 else "application/problem+json"
    return {"statusCode": status, "headers": {"Content-Type": kind}, "body": json.dumps(body)}


def trace_id(event: dict[str, Any]) -> str:
    """The caller's `X-Amzn-Trace-Id`, in whatever case the gateway passed it on."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return headers.get("x-amzn-trace-id", "")


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON: CloudWatch Logs Insights then finds its fields by name."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
