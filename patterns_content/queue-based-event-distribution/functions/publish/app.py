"""Takes an order over HTTP and publishes one event for it."""

import json
import os
import re
import time
from typing import Any

import boto3

DELIVERIES = ("parcel", "pickup")
NUMBER = re.compile(r"[A-Za-z0-9-]{1,64}")
LONGEST_ITEM = 100
SCHEMA = 1  # raise it for a change that consumers must follow; a new field does not count

sns = boto3.client("sns")


class NotAnOrder(ValueError):
    """What was posted is not an order; the message says why."""


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Publish the posted order. The answer is 202, because the consumers still have to do their part."""
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
    """One event under the order's own number. Its attributes are what subscribers filter by."""
    attributes = {
        "event": {"DataType": "String", "StringValue": "order.placed"},
        "delivery": {"DataType": "String", "StringValue": order["delivery"]},
        "total_cents": {"DataType": "Number", "StringValue": str(order["total_cents"])},
    }
    if trace:
        attributes["trace"] = {"DataType": "String", "StringValue": trace}
    event = {"schema": SCHEMA, **order}
    sns.publish(TopicArn=os.environ["TOPIC_ARN"], Message=json.dumps(event), MessageAttributes=attributes)


# endregion


# region parse
def parse(body: str | None) -> dict[str, Any]:
    """The order, with its caller's number. `NotAnOrder` if a field is missing or not valid."""
    try:
        posted = json.loads(body or "")
    except (ValueError, RecursionError) as error:
        raise NotAnOrder(f"the body is not JSON: {error}") from None
    match posted:
        case {"order": str(number), "item": str(item), "delivery": str(delivery), "total_cents": int(total)}:
            pass
        case _:
            raise NotAnOrder("order, item and delivery must be text, total_cents a whole number")
    if not NUMBER.fullmatch(number):
        raise NotAnOrder("order must be 1 to 64 letters, digits and hyphens: your own number for it")
    if not item.isprintable() or not 1 <= len(item) <= LONGEST_ITEM:
        raise NotAnOrder(f"item must be 1 to {LONGEST_ITEM} printable characters")
    if delivery not in DELIVERIES:
        raise NotAnOrder(f"delivery must be one of {', '.join(DELIVERIES)}")
    if not 0 <= total <= 1_000_000 or isinstance(total, bool):
        raise NotAnOrder("total_cents must be from 0 to 1000000")
    return {"order": number, "item": item, "delivery": delivery, "total_cents": total}


# endregion


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    kind = "application/json" if status < 400 else "application/problem+json"
    return {"statusCode": status, "headers": {"Content-Type": kind}, "body": json.dumps(body)}


def trace_id(event: dict[str, Any]) -> str:
    """The value of `X-Amzn-Trace-Id`. The gateway passes header names on in the client's case."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return headers.get("x-amzn-trace-id", "")


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON, so that CloudWatch Logs Insights finds its fields by name."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
