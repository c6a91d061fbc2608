"""GET /orders/{order}: an order, and what the delivery team has planned for it."""

import json
import os
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 with the order and its delivery, or 404."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    number = event["pathParameters"]["order"]
    order, delivery = (row(os.environ[table], number) for table in ("ORDERS_TABLE", "DELIVERIES_TABLE"))
    log("order.read", headers.get("x-amzn-trace-id"), order=number, planned=bool(delivery))
    if not order:
        return answer(404, "application/problem+json", {"status": 404, "title": "No such order", "order": number})
    shown = {"order": number, "bouquet": order["bouquet"]["S"], "delivery": "planned" if delivery else "none"}
    if delivery:
        shown["events_arrived"] = int(delivery["arrived"]["N"])
    return answer(200, "application/json", shown)


def row(table: str, number: str) -> dict[str, Any]:
    """The row of an order, empty if there is none."""
    found = dynamodb.get_item(TableName=table, Key={"order": {"S": number}}, ConsistentRead=True)
    item: dict[str, Any] = found.get("Item", {})
    return item


def answer(status: int, content_type: str, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": content_type}, "body": json.dumps(body)}


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
