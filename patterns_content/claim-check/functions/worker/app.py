"""Takes one claim from the queue: fetches the export, books it, and deletes it."""

import json
import math
import os
import random
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from claims import CannotBook, Gone, claim_in, fetch, release
from stock import book, count, is_booked

LONGEST_WAIT_SECONDS = 30

sqs = boto3.client("sqs")


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Book the export of each claim. Return the identifiers of those to retry."""
    failed = [record["messageId"] for record in event["Records"] if not done(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def done(record: dict[str, Any]) -> bool:
    """Whether this claim needs no further delivery: its export is booked, or can never be."""
    attempt = int(record["attributes"]["ApproximateReceiveCount"])
    facts: dict[str, Any] = {"message": record["messageId"], "attempt": attempt}
    try:
        claim = claim_in(record["body"])
        facts |= {"store": claim["store"], "export": claim["export"]}
        log(f"export.{settle(claim)}", trace_id(record), bytes=claim["bytes"], **facts)
    except CannotBook as error:
        log("export.failed", trace_id(record), error=f"CannotBook: {error}", **facts)
        return set_aside(record, str(error))
    except Exception as error:
        wait = wait_after(attempt)
        log("export.failed", trace_id(record), error=f"{type(error).__name__}: {error}", wait_s=wait, **facts)
        come_back_after(record, wait)
        return False
    clean_up(claim, record)
    return True


def clean_up(claim: dict[str, Any], record: dict[str, Any]) -> None:
    """Delete the object, now that it is booked. If that fails, the lifecycle rule does it later: no reason to retry."""
    try:
        release(claim)
        log("export.deleted", trace_id(record), export=claim["export"])
    except (ClientError, BotoCoreError) as error:
        log("export.left.behind", trace_id(record), export=claim["export"], error=str(error))


# endregion


# region settle
def settle(claim: dict[str, Any]) -> str:
    """`booked`, or `repeated` if another delivery of this claim has done it. The object may be gone then."""
    if is_booked(claim):
        return "repeated"
    try:
        body = fetch(claim)
    except Gone:
        if is_booked(claim):  # a duplicate delivery has booked and deleted it in the meantime
            return "repeated"
        raise
    return "booked" if book(claim, count(body)) else "repeated"


# endregion


def wait_after(attempt: int) -> int:
    """Full jitter: a random time up to 2, 4, 8, 16 and then 30 seconds. SQS takes only whole seconds."""
    longest = min(2 ** min(attempt, 10), LONGEST_WAIT_SECONDS)
    return max(1, math.ceil(random.uniform(0, longest)))


def come_back_after(record: dict[str, Any], seconds: int) -> None:
    """Make this message visible again after so many seconds. If that fails, the queue's visibility timeout applies."""
    try:
        sqs.change_message_visibility(
            QueueUrl=os.environ["CLAIM_QUEUE_URL"], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=seconds
        )
    except (ClientError, BotoCoreError) as error:
        log("wait.not.set", trace_id(record), message=record["messageId"], error=str(error))


def set_aside(record: dict[str, Any], reason: str) -> bool:
    """Move the message to the dead-letter queue with the reason. False if that fails, so that it is retried."""
    printable = reason.encode("ascii", "backslashreplace").decode()[:200]
    attributes = {"reason": printable, "trace": f"trace:{trace_id(record)}"}
    try:
        sqs.send_message(
            QueueUrl=os.environ["DEAD_LETTERS_URL"],
            MessageBody=record["body"],
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )
    except (ClientError, BotoCoreError) as error:
        log("set.aside.failed", trace_id(record), message=record["messageId"], error=str(error))
        return False
    log("export.set.aside", trace_id(record), message=record["messageId"])
    return True


def trace_id(record: dict[str, Any]) -> str:
    """The identifier in the attribute that the exporter added, without the word before it."""
    attribute = record["messageAttributes"].get("trace", {})
    return attribute.get("stringValue", "").removeprefix("trace:")


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON, so that CloudWatch Logs Insights finds its fields by name."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
