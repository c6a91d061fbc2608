"""GET /payments/{payment}: a payment as the events have left it."""

import json
import os
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 with the payment, or 404."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    number = event["pathParameters"]["payment"]
    key = {"payment": {"S": number}}
    row = dynamodb.get_item(TableName=os.environ["PAYMENTS_TABLE"], Key=key, ConsistentRead=True).get("Item")
    log("payment.read", headers.get("x-amzn-trace-id"), payment=number, found=bool(row))
    if not row:
        return answer(404, "application/problem+json", {"status": 404, "title": "No such payment", "payment": number})
    shown = {
        "payment": number,
        "status": row["status"]["S"],
        "version": int(row["version"]["N"]),
        "events_applied": int(row["events"]["N"]),
    }
    return answer(200, "application/json", shown)


def answer(status: int, content_type: str, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": content_type}, "body": json.dumps(body)}


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
