"""Trade quotes without a gateway authorizer: this function checks the caller's token itself."""

import json
from typing import Any

from check import Refused, answer, caller, log

PRICES = {"poster-a3": 900, "poster-a2": 1450, "poster-a1": 2300}
"""Item to unit price in euro cents."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """POST /quotes {"item", "quantity"} -> 200 {"quoted_for", "item", "quantity", "total_cents"} (or 4xx)."""
    try:
        claims = caller(event, "quotes:write")
    except Refused as refused:
        status, title = refused.args
        return answer(status, {"status": status, "title": title})
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
    log("quote.given", event, sub=claims["sub"], item=item, quantity=quantity, total_cents=total)
    return answer(200, {"quoted_for": claims["sub"], "item": item, "quantity": quantity, "total_cents": total})
