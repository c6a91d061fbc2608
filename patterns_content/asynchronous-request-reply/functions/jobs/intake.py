"""Takes an order for a proof: records the job, queues it, and answers with the address of its status."""

import hashlib
import json
import os
import re
import time
import uuid
from typing import Any

import boto3
import jobs
import states
from web import answer, headers_of, log, problem, retry_after

RESEND_SECONDS = 30
"""A job that is still waiting so long after its last message is queued again when its caller repeats the order."""
TRACE = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}")

sqs = boto3.client("sqs")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """POST /proofs {"artwork", "font", "pages"} -> 202, Location, Retry-After, {"job", "status"}."""
    headers = headers_of(event)
    found = TRACE.search(headers.get("x-amzn-trace-id", ""))
    trace = found[0] if found else ""
    order, mistake = read_order(event.get("body"))
    if mistake:
        return problem(400, "The order cannot be read", mistake)
    key = headers.get("idempotency-key")
    if key is not None and not (8 <= len(key) <= 128 and key.isascii() and key.isprintable()):
        return problem(
            400, "The idempotency key is not valid", "Idempotency-Key must have 8 to 128 printable ASCII characters."
        )

    # A repeated order finds the first order's job under the same id. No second table is needed.
    now = time.time()
    job = hashlib.sha256(key.encode()).hexdigest()[:32] if key else uuid.uuid4().hex
    fingerprint = hashlib.sha256(json.dumps(order, sort_keys=True).encode()).hexdigest()
    state, item = write_down(job, order, fingerprint, now)
    if item["fingerprint"]["S"] != fingerprint:
        log("job.refused", trace, job=job)
        return problem(422, "This key belongs to another order", "Use a new Idempotency-Key for a new order.")
    if state == "absent":
        enqueue(job, trace)
        log("job.accepted", trace, job=job, pages=order["pages"])
    else:
        # The first attempt may have died between its write and its message.
        if state == "queued" and resend_is_due(job, now):
            enqueue(job, trace)
        log("job.repeated", trace, job=job, status=state)

    rule = states.RULES[state, "order"]
    accepted = {
        "Location": f"jobs/{job}",  # relative: right under any host, stage or custom domain
        "Idempotent-Replayed": "false" if state == "absent" else "true",
    }
    if rule.target in states.PENDING:
        accepted["Retry-After"] = retry_after(float(item["created_at"]["N"]), now)
    return answer(rule.answer, {"job": job, "status": rule.target}, **accepted)


def read_order(body: str | None) -> tuple[dict[str, Any], str]:
    """The order and "", or {} and what is wrong with it. An order that cannot be stored is refused here."""
    try:
        order = json.loads(body or "")
        artwork, font, pages = order["artwork"], order["font"], order["pages"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}, "Send a JSON object with artwork, font and pages."
    if not all(isinstance(text, str) and 1 <= len(text) <= 80 and storable(text) for text in (artwork, font)):
        return {}, "artwork and font must be text of 1 to 80 characters."
    if type(pages) is not int or not 1 <= pages <= 100:
        return {}, "pages must be a whole number from 1 to 100."
    return {"artwork": artwork, "font": font, "pages": pages}, ""


def storable(text: str) -> bool:
    r"""Whether the text can be stored: JSON allows half of a character pair (`"\ud83d"`), UTF-8 does not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# region write_down
def write_down(job: str, order: dict[str, Any], fingerprint: str, now: float) -> tuple[str, dict[str, Any]]:
    """Record a new job. Return "absent" and the new item, or the state and item of the job that has this id."""
    item = {
        "id": {"S": job},
        "status": {"S": "queued"},
        "artwork": {"S": order["artwork"]},
        "font": {"S": order["font"]},
        "pages": {"N": str(order["pages"])},
        "pages_done": {"N": "0"},
        "attempt": {"N": "0"},
        "fingerprint": {"S": fingerprint},
        "created_at": {"N": str(int(now))},
        "queued_at": {"N": str(int(now))},
        "deadline": {"N": str(int(now) + jobs.START_SECONDS)},
        "expires_at": {"N": str(int(now) + jobs.KEPT_SECONDS)},
        "written_by": {"S": uuid.uuid4().hex},
    }
    for _ in range(3):
        try:
            jobs.dynamodb.put_item(
                TableName=os.environ["JOBS_TABLE"],
                Item=item,
                ConditionExpression="attribute_not_exists(id) OR expires_at <= :now",
                ExpressionAttributeValues={":now": {"N": str(now)}},
            )
        except jobs.dynamodb.exceptions.ConditionalCheckFailedException:
            state, earlier = jobs.look(job, now)
            # The SDK repeats a write whose answer got lost, and the second write meets the item of the first.
            if earlier.get("written_by") == item["written_by"]:
                return "absent", item
            if state != "absent":
                return state, earlier
        else:
            return "absent", item
    raise jobs.Unsettled(job)


# endregion


def resend_is_due(job: str, now: float) -> bool:
    """Whether the last message may be lost. In 30 seconds, one repeated order gets True, and must send."""
    try:
        jobs.dynamodb.update_item(
            TableName=os.environ["JOBS_TABLE"],
            Key={"id": {"S": job}},
            UpdateExpression="SET queued_at = :now",
            ConditionExpression="#status = :queued AND queued_at <= :before",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":queued": {"S": "queued"},
                ":now": {"N": str(now)},
                ":before": {"N": str(now - RESEND_SECONDS)},
            },
        )
    except jobs.dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def enqueue(job: str, trace: str) -> None:
    header = {"AWSTraceHeader": {"StringValue": trace, "DataType": "String"}} if trace else {}
    sqs.send_message(
        QueueUrl=os.environ["JOBS_QUEUE"],
        MessageBody=json.dumps({"job": job}),
        MessageSystemAttributes=header,
    )
