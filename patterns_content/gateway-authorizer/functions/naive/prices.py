"""The trade price list without a gateway authorizer: this function checks the caller's token itself."""

from typing import Any

from check import Refused, answer, caller, log

PRICES = {"poster-a3": 900, "poster-a2": 1450, "poster-a1": 2300}
"""Item to unit price in euro cents."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """GET /prices -> 200 {"for", "currency", "prices"}, 401 or 403."""
    try:
        claims = caller(event, "prices:read")
    except Refused as refused:
        status, title = refused.args
        return answer(status, {"status": status, "title": title})
    log("prices.read", event, sub=claims["sub"])
    return answer(200, {"for": claims["sub"], "scope": claims["scope"], "currency": "EUR", "prices": PRICES})
