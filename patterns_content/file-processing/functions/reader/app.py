"""GET /files/{name}: what became of a file."""

import json
import os
import time
from typing import Any
from urllib.parse import unquote

import boto3

SHOWN = ("status", "readings", "lowest", "highest", "reason", "summary")

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 with the row of the file, or 404 if it has none yet."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    key = f"incoming/{unquote(event['pathParameters']['name'])}"
    row = dynamodb.get_item(TableName=os.environ["FILES_TABLE"], Key={"file": {"S": key}}, ConsistentRead=True)
    log("file.read", headers.get("x-amzn-trace-id"), key=key, found="Item" in row)
    if "Item" not in row:
        return answer(404, {"status": 404, "title": "This file was not processed yet"}, "problem+json")
    shown = {name: plain(row["Item"][name]) for name in SHOWN if name in row["Item"]}
    return answer(200, {"file": key, **shown}, "json")


def plain(value: dict[str, str]) -> int | str:
    """A number or a text of DynamoDB as Python has it."""
    return int(value["N"]) if "N" in value else value["S"]


def answer(status: int, body: dict[str, Any], kind: str) -> dict[str, Any]:
    """A proxy integration's response."""
    headers = {"Content-Type": f"application/{kind}"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
