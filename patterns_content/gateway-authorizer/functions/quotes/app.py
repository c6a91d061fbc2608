"""Trade quotes. Nothing here checks a token: the gateway has authorized the caller."""

import json
import time
from typing import Any

PRICES = {"poster-a3": 900, "poster-a2": 1450, "poster-a1": 2300}
"""Item to unit price in euro cents."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """POST /quotes {"item", "quantity"} -> 200 {"quoted_for", "item", "quantity", "total_cents"}."""
    caller = event["requestContext"]["authorizer"]["principalId"]
    try:
        order = json.loads(event.get("body") or "")
        item, quantity = order["item"], order["quantity"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return answer(400, {"title": "Send a JSON object with item and quantity"})
    if not isinstance(item, str) or item not in PRICES:
        return answer(400, {"title": f"item must be one of {', '.join(PRICES)}"})
    if type(quantity) is not int or not 1 <= quantity <= 1000:
        return answer(400, {"title": "quantity must be 1 to 1000"})
    total = PRICES[item] * quantity
    log("quote.given", event, sub=caller, item=item, quantity=quantity, total_cents=total)
    return answer(200, {"quoted_for": caller, "item": item, "quantity": quantity, "total_cents": total})


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def log(step: str, event: dict[str, Any], **facts: Any) -> None:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    print(json.dumps({"at": time.time(), "step": step, "trace": headers.get("x-amzn-trace-id"), **facts}))
