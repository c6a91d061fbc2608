"""Proofs without asynchronous request-reply: the caller waits until the last page is done.

API Gateway stops waiting after 29 seconds. This function does not notice: it keeps rendering, and you pay for it.
"""

import hashlib
import json
import os
import time
import uuid
from typing import Any

FONTS = ("Garamond", "Futura")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """POST /proofs {"artwork", "font", "pages"} -> 200 with the proof, after as long as it takes; or 4xx."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = headers.get("x-amzn-trace-id")
    if event["httpMethod"] != "POST":
        return answer(404, {"status": 404, "title": "No proof is stored: it came with the answer to its order"})
    try:
        order = json.loads(event.get("body") or "")
        artwork, font, total = order["artwork"], order["font"], order["pages"]
        (artwork + font).encode()  # must be text that UTF-8 can encode
    except (ValueError, TypeError, KeyError, RecursionError):
        return answer(400, {"status": 400, "title": "Send a JSON object with artwork, font and pages"})
    if type(total) is not int or not 1 <= total <= 100:
        return answer(400, {"status": 400, "title": "pages must be a whole number from 1 to 100"})

    proof, pages = uuid.uuid4().hex, []
    for number in range(1, total + 1):
        if font not in FONTS:
            log("proof.failed", trace, page=number)
            return answer(422, {"status": 422, "title": f"The font {font} is not installed (page {number})"})
        time.sleep(float(os.environ["SECONDS_PER_PAGE"]))
        digest = hashlib.sha256(f"{artwork}, page {number}".encode()).hexdigest()
        pages.append({"number": number, "sha256": digest})
        log("page.rendered", trace, page=number)
    log("proof.done", trace, proof=proof, pages=total)
    return answer(200, {"proof": proof, "artwork": artwork, "pages": pages})


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    kind = "application/json" if status == 200 else "application/problem+json"
    return {"statusCode": status, "headers": {"Content-Type": kind}, "body": json.dumps(body)}


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
