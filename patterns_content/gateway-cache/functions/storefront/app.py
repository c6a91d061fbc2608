"""Renders a shop's product pages and offers. Every rendering has its own number and time.

Two answers with the same number are one rendering, served twice. That makes a cache in front visible. The number
is in a header too: API Gateway adds no header to a hit, but a hit repeats the headers of the stored answer.
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
    """200 with one product's page in a currency; 404 for an unknown product, 400 for an unknown currency."""
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
    """Number and time (UTC) of this rendering, after a pause that stands for a slow query."""
    time.sleep(RENDER_SECONDS)
    now = time.time()
    at = time.strftime("%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}"
    return {"rendering": uuid.uuid4().hex[:8], "rendered_at": at}


def log(step: str, trace: str, **facts: Any) -> None:
    """Print one JSON line: what happened, when (Unix seconds), and for which request."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
