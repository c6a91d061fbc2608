"""Renders an example shop's product pages and offers. Every rendering has its own number and time.

Two answers with the same number are one rendering served twice: that is how a cache in front shows. The number
stands in a header too, because a cache keeps an answer whole and API Gateway adds no header of its own to a hit.
"""

import json
import os
import time
import uuid
from typing import Any

RENDER_SECONDS = float(os.environ.get("RENDER_SECONDS", "0"))
PRODUCTS = {"mug": ("Stoneware mug", 1450), "bowl": ("Salad bowl", 2200), "vase": ("Tall vase", 6900)}
CENTS_PER_EURO = {"EUR": 100, "USD": 110, "GBP": 85}  # example rates
DISCOUNT_PERCENT = {"1": 30, "2": 10, "3": 0}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request of the API with a fresh rendering."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = str(headers.get("x-amzn-trace-id", ""))
    if event["resource"] == "/offers":
        status, body = offers(headers.get("x-price-group", "3"))
    else:
        query = event.get("queryStringParameters") or {}
        status, body = product(event["pathParameters"]["id"], query.get("currency", "EUR"))
    rendering = rendered()
    log("storefront.rendered", trace, path=event["path"], status=status, **rendering)
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", "X-Rendering": rendering["rendering"]},
        "body": json.dumps(body | rendering),
    }


# region product
def product(name: str, currency: str) -> tuple[int, dict[str, Any]]:
    """200 with one product's page in a currency; 404 or 400 if the shop does not know one of them."""
    if name not in PRODUCTS:
        return 404, {"message": f"There is no product {name}."}
    if currency not in CENTS_PER_EURO:
        return 400, {"message": f"The shop has no prices in {currency}."}
    title, cents = PRODUCTS[name]
    price = cents * CENTS_PER_EURO[currency] // 100
    return 200, {"product": name, "title": title, "price_cents": price, "currency": currency}


# endregion


def offers(price_group: str) -> tuple[int, dict[str, Any]]:
    """200 with the offers of a price group; unknown groups pay the full price."""
    return 200, {"price_group": price_group, "discount_percent": DISCOUNT_PERCENT.get(price_group, 0)}


def rendered() -> dict[str, str]:
    """Number and time (UTC) of this rendering, which takes as long as a slow query would."""
    time.sleep(RENDER_SECONDS)
    now = time.time()
    at = time.strftime("%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}"
    return {"rendering": uuid.uuid4().hex[:8], "rendered_at": at}


def log(step: str, trace: str, **facts: Any) -> None:
    """Print one JSON line: what happened, when (Unix seconds) and on whose behalf."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
