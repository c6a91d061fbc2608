"""GET /quotes/{item}, as people write it first: try four times, at once, every time."""

import json
import time
from typing import Any

import client


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = headers.get("x-amzn-trace-id", "")
    item = event["pathParameters"]["item"]
    try:
        answer, tries = client.ask(item, trace)
    except client.Unavailable as error:
        log("quote.refused", trace, item=item, tries=error.tries)
        problem = {"status": 503, "title": "The stock is not known right now", "tries": error.tries}
        return {
            "statusCode": 503,
            "headers": {"Content-Type": "application/problem+json"},
            "body": json.dumps(problem),
        }
    log("quote.given", trace, item=item, tries=tries)
    body = {"item": item, "in_stock": answer["in_stock"], "tries": tries}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
