"""Greets the person whose name is in the path."""

import json
import time
from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer an API Gateway proxy event (REST API, payload 1.0)."""
    name = event["pathParameters"]["name"]
    log("hello.said", event, name=name)
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"hello": name}),
    }


def log(step: str, event: dict[str, Any], **details: object) -> None:
    """Print one JSON line that carries the request's trace id."""
    headers = {key.lower(): value for key, value in (event.get("headers") or {}).items()}
    line = {"at": time.time(), "step": step, "trace": headers.get("x-amzn-trace-id"), **details}
    print(json.dumps(line), flush=True)
