"""The naive twin's producer (naive.yaml): calls every consumer in turn and waits for each."""

import json
import os
import time
import uuid
from typing import Any

import boto3

CONSUMERS = ("BILLING_FUNCTION", "SHIPPING_FUNCTION", "ANALYTICS_FUNCTION")

functions = boto3.client("lambda")


class ConsumerFailed(Exception):
    """A consumer raised. Those before it have done their part, those after it never hear of the order."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer 201 once every consumer is done, 500 as soon as one fails."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = headers.get("x-amzn-trace-id", "")
    try:
        order = {"order": str(uuid.uuid4()), **json.loads(event.get("body") or "")}
    except (json.JSONDecodeError, TypeError) as error:
        log("order.refused", trace, error=str(error))
        return answer(400, {"status": "refused", "detail": "Send an order as a JSON object."})
    try:
        for consumer in CONSUMERS:
            call(consumer, {"order": order, "trace": trace})
    except ConsumerFailed as error:
        log("order.failed", trace, order=order["order"], error=str(error))
        return answer(500, {"status": "failed", "order": order["order"]})
    log("order.done", trace, order=order["order"])
    return answer(201, {"status": "done", "order": order["order"]})


def call(consumer: str, payload: dict[str, Any]) -> None:
    """Invoke one consumer and wait; `ConsumerFailed` if it raised."""
    result = functions.invoke(FunctionName=os.environ[consumer], Payload=json.dumps(payload))
    if "FunctionError" in result:
        raise ConsumerFailed(f"{consumer}: {result['Payload'].read().decode()}")


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """The shape that a proxy integration wants."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
