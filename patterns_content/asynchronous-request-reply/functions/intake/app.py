"""Takes a proof order in: writes the job down, queues it, and tells the caller where to ask."""

import hashlib
import json
import os
import re
import time
import uuid
from typing import Any

import boto3

KEPT_SECONDS = 24 * 3600
"""How long a job can be asked for."""
PROMISED_SECONDS = 30 * 60
"""How long a job may take before it counts as failed: longer than the queue's three tries."""
RESEND_AFTER = 30
"""A job still waiting after so many seconds is queued again when its caller repeats the order."""
TRACE = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}")

dynamodb = boto3.client("dynamodb")
sqs = boto3.client("sqs")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """POST /proofs {"artwork", "font", "pages"} -> 202, Location, Retry-After, {"job", "status"}."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = trace_of(headers)
    order, mistake = read_order(event.get("body"))
    if mistake:
        return problem(400, "The order cannot be read", mistake)
    key = headers.get("idempotency-key")
    if key is not None and not 8 <= len(key) <= 128:
        return problem(400, "The idempotency key does not fit", "Idempotency-Key has 8 to 128 characters.")

    # A repeated order finds the job of the first by the same id: no second table, no second write.
    job = hashlib.sha256(key.encode()).hexdigest()[:32] if key else uuid.uuid4().hex
    fingerprint = hashlib.sha256(json.dumps(order, sort_keys=True).encode()).hexdigest()
    earlier = write_down(job, order, fingerprint)
    if earlier is None:
        enqueue(job, trace)
        log("job.accepted", trace, job=job, pages=order["pages"])
    elif earlier["fingerprint"]["S"] != fingerprint:
        log("job.refused", trace, job=job)
        return problem(422, "This key belongs to another order", "Use a new Idempotency-Key for a new order.")
    else:
        # The first attempt may have died between its write and its message.
        waiting = time.time() - int(earlier["created_at"]["N"])
        if earlier["status"]["S"] == "queued" and waiting > RESEND_AFTER:
            enqueue(job, trace)
        log("job.repeated", trace, job=job)

    accepted = {
        "Location": f"jobs/{job}",  # relative: right under any host, stage or custom domain
        "Retry-After": "1",
        "Idempotent-Replayed": "false" if earlier is None else "true",
    }
    return answer(202, {"job": job, "status": "queued"}, **accepted)


def read_order(body: str | None) -> tuple[dict[str, Any], str]:
    """The order and "", or {} and what is wrong with it."""
    try:
        order = json.loads(body or "")
        artwork, font, pages = order["artwork"], order["font"], order["pages"]
    except (ValueError, TypeError, KeyError):
        return {}, "Send a JSON object with artwork, font and pages."
    if not all(isinstance(text, str) and 1 <= len(text) <= 80 for text in (artwork, font)):
        return {}, "artwork and font are texts of 1 to 80 characters."
    if type(pages) is not int or not 1 <= pages <= 100:
        return {}, "pages is a whole number from 1 to 100."
    return {"artwork": artwork, "font": font, "pages": pages}, ""


# region write_down
def write_down(job: str, order: dict[str, Any], fingerprint: str) -> dict[str, Any] | None:
    """Record a new job. Returns None, or the job that already stands under this id."""
    now = int(time.time())
    try:
        dynamodb.put_item(
            TableName=os.environ["JOBS_TABLE"],
            Item={
                "id": {"S": job},
                "status": {"S": "queued"},
                "artwork": {"S": order["artwork"]},
                "font": {"S": order["font"]},
                "pages": {"N": str(order["pages"])},
                "pages_done": {"N": "0"},
                "fingerprint": {"S": fingerprint},
                "created_at": {"N": str(now)},
                "deadline": {"N": str(now + PROMISED_SECONDS)},
                "expires_at": {"N": str(now + KEPT_SECONDS)},
            },
            ConditionExpression="attribute_not_exists(id)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        return error.response["Item"]
    return None


# endregion


def enqueue(job: str, trace: str) -> None:
    header = {"AWSTraceHeader": {"StringValue": trace, "DataType": "String"}} if trace else {}
    sqs.send_message(
        QueueUrl=os.environ["JOBS_QUEUE"],
        MessageBody=json.dumps({"job": job}),
        MessageSystemAttributes=header,
    )


def answer(status: int, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **headers}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def problem(status: int, title: str, detail: str) -> dict[str, Any]:
    """An error as RFC 9457 writes it."""
    body = {"status": status, "title": title, "detail": detail}
    return answer(status, body, **{"Content-Type": "application/problem+json"})


def trace_of(headers: dict[str, str]) -> str:
    found = TRACE.search(headers.get("x-amzn-trace-id", ""))
    return found[0] if found else ""


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
