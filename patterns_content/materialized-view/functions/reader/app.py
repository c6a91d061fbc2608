"""GET /sailings/{sailing}: one row of the view, and whether it shows a given change already."""

import json
import os
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 with the sums of a sailing, which are 0 for one without bookings. 400 for a version that is no number."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    sailing = event["pathParameters"]["sailing"]
    asked = event.get("queryStringParameters") or {}
    if not asked.get("version", "0").isdecimal():
        return answer(400, "application/problem+json", {"status": 400, "title": "A version is a whole number"})
    table = os.environ[f"{os.environ['VIEW']}_TABLE"]
    row = item(table, f"sailing#{sailing}")
    shown: dict[str, Any] = {"sailing": sailing, "bookings": 0, "passengers": 0}
    shown |= {name: int(value["N"]) for name, value in row.items() if name in ("bookings", "passengers", "cars")}
    if row:
        shown["last_change_ms"] = int(row["written_ms"]["N"])
    if "booking" in asked and "version" in asked:
        shown["shows_your_change"] = is_counted(table, asked["booking"], int(asked["version"]))
    log("board.read", headers.get("x-amzn-trace-id"), **shown)
    return answer(200, "application/json", shown)


# region is_counted
def is_counted(table: str, booking: str, version: int) -> bool:
    """Whether the view has counted this version of the booking, or a later one."""
    counted = item(table, f"booking#{booking}")
    return bool(counted) and int(counted["version"]["N"]) >= version


# endregion


def item(table: str, row: str) -> dict[str, Any]:
    """One row of a view, empty if there is none."""
    found = dynamodb.get_item(TableName=table, Key={"row": {"S": row}}, ConsistentRead=True)
    item: dict[str, Any] = found.get("Item", {})
    return item


def answer(status: int, content_type: str, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": content_type}, "body": json.dumps(body)}


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
