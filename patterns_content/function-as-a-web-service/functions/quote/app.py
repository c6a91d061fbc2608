"""Parcel prices over HTTP: `GET /zones` and `GET /zones/{zone}/quote?grams=1200&express=yes`.

Everything above `handler` runs once for each execution environment, while it starts: that is the
cold start. The handler runs once for each request.
"""

import json
import os
import re
import time
import uuid
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

# region init
_began = time.perf_counter()
TARIFF: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("tariff.json").read_text())
ENVIRONMENT_ID = uuid.uuid4().hex[:8]
INIT_MS = round((time.perf_counter() - _began) * 1000, 2)
calls = 0
# endregion

HEAVIEST_GRAMS = 20_000
EXPRESS_FACTOR = Decimal("1.5")


class Refused(Exception):
    """A mistake of the caller. The answer is a 4xx, and Lambda does not count an error."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(title)
        self.status, self.title, self.detail = status, title, detail


def list_zones(event: dict[str, Any]) -> dict[str, Any]:
    """The zones with their names and days in transit."""
    return {"zones": [{"id": key, "name": zone["name"], "days": zone["days"]} for key, zone in TARIFF.items()]}


# region get_quote
def get_quote(event: dict[str, Any]) -> dict[str, Any]:
    """The price in cents. `Refused` with 404 for an unknown zone, with 400 for an impossible weight."""
    zone_id = event["pathParameters"]["zone"]
    query = event.get("queryStringParameters") or {}
    if zone_id not in TARIFF:
        raise Refused(404, "No such zone", f"There is no zone {zone_id!r}. GET /zones lists them.")
    grams = parse_grams(query.get("grams"))
    express = query.get("express") == "yes"
    return {
        "zone": zone_id,
        "grams": grams,
        "express": express,
        "cents": price(TARIFF[zone_id], grams, express=express, surcharge=fuel_surcharge()),
        "days": 1 if express else TARIFF[zone_id]["days"],
    }


# endregion


def parse_grams(value: str | None) -> int:
    """A whole number of grams; query parameters arrive as text or not at all."""
    text = value or ""
    grams = int(text) if re.fullmatch("[0-9]{1,5}", text) else 0
    if not 1 <= grams <= HEAVIEST_GRAMS:
        raise Refused(
            400,
            "Weight missing or impossible",
            f"grams must be a whole number from 1 to {HEAVIEST_GRAMS}: got {value!r}.",
        )
    return grams


def fuel_surcharge() -> Decimal:
    """The surcharge as a factor: 8 percent is 1.08. `ValueError` if the setting is not a number.

    Two settings play the carrier's own service: what it answers, and how long it takes.
    """
    time.sleep(float(os.environ.get("CARRIER_SECONDS", "0")))
    percent = os.environ["FUEL_SURCHARGE_PERCENT"]
    try:
        return 1 + Decimal(percent) / 100
    except InvalidOperation:
        raise ValueError(f"FUEL_SURCHARGE_PERCENT is not a number: {percent!r}") from None


def price(zone: dict[str, Any], grams: int, *, express: bool, surcharge: Decimal) -> int:
    """Base plus every started kilo, half as much again for express, then the surcharge; whole cents."""
    started_kilos = -(-grams // 1000)
    cents = Decimal(zone["base_cents"] + started_kilos * zone["per_started_kilo_cents"])
    if express:
        cents *= EXPRESS_FACTOR
    return int((cents * surcharge).quantize(Decimal(1), ROUND_HALF_UP))


ROUTES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "/zones": list_zones,
    "/zones/{zone}/quote": get_quote,
}


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one API Gateway proxy event (payload 1.0) with status, headers and a JSON body."""
    global calls
    calls += 1
    trace = trace_id(event)
    served_by = {"environment": ENVIRONMENT_ID, "cold": calls == 1, "calls": calls, "init_ms": INIT_MS}
    log("request.received", trace, path=event["path"], query=event.get("queryStringParameters"), **served_by)
    try:
        body = ROUTES[event["resource"]](event)
    except Refused as refused:
        log("request.refused", trace, status=refused.status, detail=refused.detail)
        problem = {"title": refused.title, "status": refused.status, "detail": refused.detail}
        return answer(refused.status, problem, "application/problem+json")
    log("request.answered", trace, status=200)
    return answer(200, {**body, "served_by": served_by}, "application/json")


# endregion


def answer(status: int, body: dict[str, Any], content_type: str) -> dict[str, Any]:
    """The shape that a proxy integration expects: the body is a string."""
    return {"statusCode": status, "headers": {"Content-Type": content_type}, "body": json.dumps(body)}


def trace_id(event: dict[str, Any]) -> str:
    """The caller's `X-Amzn-Trace-Id`. Header names are compared without regard to case."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return headers.get("x-amzn-trace-id", "")


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON: CloudWatch Logs Insights then finds its fields by name."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
