"""GET /products/{product}/delivery asks the carrier through a breaker; GET /breaker shows its state."""

import json
import os
import re
import time
from typing import Any

import breaker
from botocore.exceptions import BotoCoreError, ClientError
from carrier import CarrierFailed, days_for

CARRIER = "carrier"
"""The breaker's name. Each downstream has its own."""
PRODUCT = re.compile(r"[A-Za-z0-9-]{1,64}")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 with days and where they come from: `carrier` or `estimate`. The page always has something to show."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    if event["resource"] == "/breaker":
        return answer(200, {"downstream": CARRIER, **breaker.state_of(breaker.read(CARRIER))})
    product = event["pathParameters"]["product"]
    if not PRODUCT.fullmatch(product):
        return answer(400, {"status": 400, "title": "A product has letters, digits and hyphens, 64 at most"})
    days = guarded(product, trace)
    log("answer.from.carrier" if days is not None else "answer.estimated", trace, product=product)
    estimate = int(os.environ["ESTIMATED_DAYS"])
    source = "carrier" if days is not None else "estimate"
    return answer(200, {"product": product, "days": estimate if days is None else days, "source": source})


# region guarded
def guarded(product: str, trace: str) -> int | None:
    """What the carrier says, or None if it fails or must be left alone."""
    permit = asked(trace)
    if not permit.may_call:
        log("call.skipped", trace, product=product)
        return None
    try:
        days = days_for(product)
    except CarrierFailed as error:
        log("call.failed", trace, product=product, state=permit.state, error=str(error))
        reported(breaker.failed, permit, trace)
        return None
    reported(breaker.succeeded, permit, trace)
    return days


# endregion


# region unreadable
def asked(trace: str) -> breaker.Permit:
    """The permit. If the table is away, call: trouble with the breaker must not stop a healthy carrier."""
    try:
        return breaker.ask(CARRIER)
    except (ClientError, BotoCoreError) as error:
        log("breaker.unreadable", trace, error=type(error).__name__)
        return breaker.Permit("closed")


def reported(report: Any, permit: breaker.Permit, trace: str) -> None:
    """Tell the breaker how the call ended, and log a change of its state."""
    try:
        changed = report(CARRIER, permit)
    except (ClientError, BotoCoreError) as error:
        log("breaker.unwritable", trace, error=type(error).__name__)
        return
    if changed:
        log(f"breaker.{changed}", trace)


# endregion


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    kind = "application/json" if status < 400 else "application/problem+json"
    return {"statusCode": status, "headers": {"Content-Type": kind}, "body": json.dumps(body)}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
