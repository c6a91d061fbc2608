"""GET /stores/{store}: the exports of a store that were booked."""

import json
import os
import re
import time
from typing import Any

import boto3

MOST_EXPORTS = 100
STORE = re.compile(r"[A-Za-z0-9-]{1,64}")  # the exporter takes no other name

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 with the exports and their sums, or 404 if none was booked."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    store = event["pathParameters"]["store"]
    rows = booked(store) if STORE.fullmatch(store) else []
    log("store.read", headers.get("x-amzn-trace-id"), store=store, rows=len(rows))
    if not rows:
        return answer(
            404,
            "application/problem+json",
            {"status": 404, "title": "No export of this store was booked", "store": store},
        )
    sums = {name: sum(int(row[name]["N"]) for row in rows) for name in ("articles", "pieces", "bytes")}
    return answer(200, "application/json", {"store": store, "exports": len(rows), **sums})


def booked(store: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = dynamodb.query(
        TableName=os.environ["STOCK_TABLE"],
        KeyConditionExpression="#store = :store",
        ExpressionAttributeNames={"#store": "store"},  # a reserved word
        ExpressionAttributeValues={":store": {"S": store}},
        ConsistentRead=True,
        Limit=MOST_EXPORTS,
    )["Items"]
    return rows


def answer(status: int, content_type: str, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": content_type}, "body": json.dumps(body)}


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
