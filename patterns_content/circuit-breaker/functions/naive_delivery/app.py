"""GET /products/{product}/delivery, the naive twin: asks the carrier, and asks again when it fails."""

import json
import os
import re
import time
from typing import Any

from carrier import CarrierFailed, days_for

ATTEMPTS = 3
PAUSE_SECONDS = 0.1
PRODUCT = re.compile(r"[A-Za-z0-9-]{1,64}")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 with days and where they come from: `carrier` or `estimate`."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    if event["resource"] == "/breaker":
        return answer(200, {"downstream": "carrier", "state": "none"})  # the twin has no breaker
    product = event["pathParameters"]["product"]
    if not PRODUCT.fullmatch(product):
        return answer(400, {"status": 400, "title": "A product has letters, digits and hyphens, 64 at most"})
    days = persistent(product, trace)
    log("answer.from.carrier" if days is not None else "answer.estimated", trace, product=product)
    estimate = int(os.environ["ESTIMATED_DAYS"])
    source = "carrier" if days is not None else "estimate"
    return answer(200, {"product": product, "days": estimate if days is None else days, "source": source})


# region persistent
def persistent(product: str, trace: str) -> int | None:
    """What the carrier says within three attempts, or None."""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE_SECONDS * 2**attempt)
        try:
            return days_for(product)
        except CarrierFailed as error:
            log("call.failed", trace, product=product, attempt=attempt + 1, error=str(error))
    return None


# endregion


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    kind = "application/json" if status < 400 else "application/problem+json"
    return {"statusCode": status, "headers": {"Content-Type": kind}, "body": json.dumps(body)}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
