"""Charges an order, once for each idempotency key."""

import hashlib
import json
import os
import time
import uuid
from typing import Any

from idempotency import Answer, InProgress, KeyReused, claim_or_answer, complete

CURRENCIES = ("EUR", "USD")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """POST /charges {"order", "amount_cents", "currency"} and Idempotency-Key -> 201, 400, 409 or 422."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = headers.get("x-amzn-trace-id")
    key = headers.get("idempotency-key", "").strip('"')  # the draft has it as a quoted string
    if not 8 <= len(key) <= 128 or not is_unicode(key):
        return problem(400, "Send an Idempotency-Key of 8 to 128 characters", key)
    request, mistake = read_request(event.get("body"))
    if mistake:
        return problem(400, mistake, key)

    try:
        mine = claim_or_answer(key, fingerprint_of(request), context.aws_request_id)
        if isinstance(mine, Answer):
            log("charge.replayed", trace, key=key, charge=mine.body["charge"])
            return reply(mine, key, replayed=True)
        log("key.claimed", trace, key=key)
        if os.environ["FAULT"] == "crash-after-claim":
            os._exit(1)  # a fault for the demo: the process ends, and nothing cleans up
        made, effect = charge(request)
        complete(mine, made, effect)
    except KeyReused:
        log("key.reused", trace, key=key)
        return problem(422, "This key belongs to another request", key)
    except InProgress:
        log("key.in_progress", trace, key=key)
        return problem(409, "A request with this key is being worked on", key, **{"Retry-After": "1"})
    log("charge.made", trace, key=key, **made.body)
    return reply(made, key, replayed=False)


def read_request(body: str | None) -> tuple[dict[str, Any], str]:
    """The request and "", or {} and what is wrong with it."""
    try:
        sent = json.loads(body or "")
        order, amount, currency = sent["order"], sent["amount_cents"], sent["currency"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}, "Send a JSON object with order, amount_cents and currency"
    if not isinstance(order, str) or not 1 <= len(order) <= 80 or not is_unicode(order):
        return {}, "order is a text of 1 to 80 characters"
    if type(amount) is not int or not 1 <= amount <= 1_000_000 or currency not in CURRENCIES:
        return {}, f"amount_cents is 1 to 1000000, currency one of {', '.join(CURRENCIES)}"
    return {"order": order, "amount_cents": amount, "currency": currency}, ""


def is_unicode(text: str) -> bool:
    """Whether the text can be stored: JSON can hold half of a surrogate pair, UTF-8 cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def fingerprint_of(request: dict[str, Any]) -> str:
    """SHA-256 of order, amount and currency as parsed: white space and other members do not count."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def charge(request: dict[str, Any]) -> tuple[Answer, dict[str, Any]]:
    """The answer for a new charge, and the write that makes it true. Writes nothing itself."""
    time.sleep(0.3)  # stands for the work of a charge
    made = {"charge": uuid.uuid4().hex, **request}
    item = {
        "order": {"S": made["order"]},
        "charge": {"S": made["charge"]},
        "amount_cents": {"N": str(made["amount_cents"])},
        "currency": {"S": made["currency"]},
        "made_at": {"N": str(time.time())},
    }
    return Answer(201, made), {"Put": {"TableName": os.environ["CHARGES_TABLE"], "Item": item}}


def reply(answer: Answer, key: str, *, replayed: bool) -> dict[str, Any]:
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "Idempotent-Replayed": "true" if replayed else "false",
    }
    return {"statusCode": answer.status, "headers": headers, "body": json.dumps(answer.body)}


def problem(status: int, title: str, key: str, **headers: str) -> dict[str, Any]:
    """An error as RFC 9457 writes it."""
    headers = {"Content-Type": "application/problem+json", **headers}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"status": status, "title": title})}


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
