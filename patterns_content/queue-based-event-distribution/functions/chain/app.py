"""The naive twin's producer (naive.yaml): calls one consumer after another and waits for each."""

import json
import os
import re
import time
from typing import Any

import boto3

NUMBER = re.compile(r"[A-Za-z0-9-]{1,64}")
CONSUMERS = ("BILLING_FUNCTION", "SHIPPING_FUNCTION", "ANALYTICS_FUNCTION")

functions = boto3.client("lambda")


class ConsumerFailed(Exception):
    """A consumer raised an error. Those before it have done their part, and those after it do not get the order."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer 201 once every consumer is done, 500 as soon as one fails."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = headers.get("x-amzn-trace-id", "")
    try:
        order = json.loads(event.get("body") or "")
    except (ValueError, RecursionError):
        order = None
    match order:
        case {"order": str(number)} if NUMBER.fullmatch(number):
            pass
        case _:
            log("order.refused", trace)
            return answer(400, {"status": "refused", "detail": "Send an order with its number as a JSON object."})
    try:
        for consumer in CONSUMERS:
            call(consumer, {"order": order, "trace": trace})
    except ConsumerFailed as error:
        log("order.failed", trace, order=order["order"], error=str(error))
        return answer(500, {"status": "failed", "order": order["order"]})
    log("order.done", trace, order=order["order"])
    return answer(201, {"status": "done", "order": order["order"]})


def call(consumer: str, payload: dict[str, Any]) -> None:
    """Invoke one consumer and wait. `ConsumerFailed` if it raised an error."""
    result = functions.invoke(FunctionName=os.environ[consumer], Payload=json.dumps(payload))
    if "FunctionError" in result:
        raise ConsumerFailed(f"{consumer}: {result['Payload'].read().decode()}")


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
