"""The trade price list. Nothing here checks a token: the gateway has authorized the caller."""

import json
import time
from typing import Any

PRICES = {"poster-a3": 900, "poster-a2": 1450, "poster-a1": 2300}
"""Item to unit price in euro cents."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """GET /prices -> 200 {"for", "currency", "prices"}."""
    caller = event["requestContext"]["authorizer"]
    log("prices.read", event, sub=caller["principalId"])
    body = {"for": caller["principalId"], "scope": caller["scope"], "currency": "EUR", "prices": PRICES}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def log(step: str, event: dict[str, Any], **facts: Any) -> None:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    print(json.dumps({"at": time.time(), "step": step, "trace": headers.get("x-amzn-trace-id"), **facts}))
