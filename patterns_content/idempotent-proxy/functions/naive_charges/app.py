"""Charges an order for every request. It does not read an Idempotency-Key."""

import json
import os
import time
import uuid
from typing import Any

import boto3

CURRENCIES = ("EUR", "USD")

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """POST /charges {"order", "amount_cents", "currency"} -> 201 or 400."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    request, mistake = read_request(event.get("body"))
    if mistake:
        return answer(400, {"status": 400, "title": mistake})
    time.sleep(0.3)  # stands for the work of a charge
    made = {"charge": uuid.uuid4().hex, **request}
    dynamodb.put_item(
        TableName=os.environ["CHARGES_TABLE"],
        Item={
            "order": {"S": made["order"]},
            "charge": {"S": made["charge"]},
            "amount_cents": {"N": str(made["amount_cents"])},
            "currency": {"S": made["currency"]},
            "made_at": {"N": str(time.time())},
        },
    )
    log("charge.made", headers.get("x-amzn-trace-id"), **made)
    return answer(201, made)


def read_request(body: str | None) -> tuple[dict[str, Any], str]:
    """The request and "", or {} and what is wrong with it."""
    try:
        sent = json.loads(body or "")
        order, amount, currency = sent["order"], sent["amount_cents"], sent["currency"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}, "Send a JSON object with order, amount_cents and currency"
    if not isinstance(order, str) or not 1 <= len(order) <= 80 or not is_unicode(order):
        return {}, "order is a text of 1 to 80 characters"
    if type(amount) is not int or not 1 <= amount <= 1_000_000 or currency not in CURRENCIES:
        return {}, f"amount_cents is 1 to 1000000, currency one of {', '.join(CURRENCIES)}"
    return {"order": order, "amount_cents": amount, "currency": currency}, ""


def is_unicode(text: str) -> bool:
    """Whether the text can be stored: JSON can hold half of a surrogate pair, UTF-8 cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    kind = "application/json" if status == 201 else "application/problem+json"
    return {"statusCode": status, "headers": {"Content-Type": kind}, "body": json.dumps(body)}


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
