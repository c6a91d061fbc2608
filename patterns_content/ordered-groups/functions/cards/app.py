"""GET /cards/{card}: the balance, and the entries in the order in which the queue had them."""

import json
import os
import re
import time
from typing import Any

import boto3

MOST_ENTRIES = 100
CARD = re.compile(r"[A-Za-z0-9-]{1,64}")  # the worker books on no other name

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 with the card, or 404 if nothing was booked on it. Reads consistently, so it shows the last entry."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    card = event["pathParameters"]["card"]
    rows = rows_of(card) if CARD.fullmatch(card) else []
    log("card.read", headers.get("x-amzn-trace-id"), card=card, rows=len(rows))
    if not rows:
        return answer(404, "application/problem+json", {"status": 404, "title": "No such card", "card": card})
    return answer(200, "application/json", {"card": card, **summary(rows)})


def rows_of(card: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = dynamodb.query(
        TableName=os.environ["LEDGER_TABLE"],
        KeyConditionExpression="card = :card",
        ExpressionAttributeValues={":card": {"S": card}},
        ConsistentRead=True,
        Limit=MOST_ENTRIES,
    )["Items"]
    return rows


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The balance, how many entries were booked and refused, and the entries by the queue's sequence numbers."""
    entries = sorted((row for row in rows if "sequence" in row), key=lambda row: row["sequence"]["S"])
    states = [row["state"]["S"] for row in entries]
    return {
        "balance": sum(int(row["balance"]["N"]) for row in rows if "balance" in row),
        "booked": states.count("booked"),
        "refused": states.count("refused"),
        "entries": [
            {"entry": row["entry"]["S"], "amount": int(row["amount"]["N"]), "state": row["state"]["S"]}
            for row in entries
        ],
    }


def answer(status: int, content_type: str, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": content_type}, "body": json.dumps(body)}


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
