"""Reads the charges of an order from the charges table, independently of what answers said."""

import json
import os
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """GET /orders/{order}/charges -> 200 {"order", "count", "total_cents", "charges": [id]}."""
    order = event["pathParameters"]["order"]
    found = dynamodb.query(
        TableName=os.environ["CHARGES_TABLE"],
        KeyConditionExpression="#order = :order",
        ExpressionAttributeNames={"#order": "order"},
        ExpressionAttributeValues={":order": {"S": order}},
        ConsistentRead=True,
    )["Items"]
    total = sum(int(item["amount_cents"]["N"]) for item in found)
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    log("ledger.read", headers.get("x-amzn-trace-id"), order=order, count=len(found))
    charges = [item["charge"]["S"] for item in found]
    body = {"order": order, "count": len(found), "total_cents": total, "charges": charges}
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json", "Cache-Control": "no-store"},
        "body": json.dumps(body),
    }


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
