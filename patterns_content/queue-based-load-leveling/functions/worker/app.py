"""Packs the orders of one batch. An order that fails is retried later, or moved to the dead-letter queue."""

import json
import math
import os
import random
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from warehouse import CannotPack, WarehouseBusy, pack

LONGEST_WAIT_SECONDS = 30

sqs = boto3.client("sqs")


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Pack every order of the batch. Return the identifiers of those to retry: only they return to the queue."""
    log("batch.received", trace_id(event["Records"][0]), size=len(event["Records"]))
    failed = [record["messageId"] for record in event["Records"] if not done(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def done(record: dict[str, Any]) -> bool:
    """Whether this message needs no further delivery: its order is packed, or can never be."""
    attempt = int(record["attributes"]["ApproximateReceiveCount"])
    facts = {"message": record["messageId"], "attempt": attempt}
    try:
        facts["order"] = pack(order_in(record["body"]))
    except CannotPack as error:
        log("order.failed", trace_id(record), error=f"CannotPack: {error}", **facts)
        return set_aside(record, str(error))
    except Exception as error:
        step = "order.refused" if isinstance(error, WarehouseBusy) else "order.failed"
        wait = wait_after(attempt)
        log(step, trace_id(record), error=f"{type(error).__name__}: {error}", wait_s=wait, **facts)
        come_back_after(record, wait)
        return False
    log("order.packed", trace_id(record), **facts)
    return True


# endregion


def order_in(body: str) -> Any:
    """The message's content. `CannotPack` if it is not JSON, because a retry will not change that."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CannotPack(f"the message is not JSON: {error}") from error


# region come_back_after
def wait_after(attempt: int) -> int:
    """Full jitter: a random time up to 2, 4, 8, 16 and then 30 seconds. SQS takes only whole seconds."""
    longest = min(2 ** min(attempt, 10), LONGEST_WAIT_SECONDS)
    return max(1, math.ceil(random.uniform(0, longest)))


def come_back_after(record: dict[str, Any], seconds: int) -> None:
    """Make this message visible again after so many seconds. If that fails, the queue's visibility timeout applies."""
    try:
        sqs.change_message_visibility(
            QueueUrl=os.environ["QUEUE_URL"], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=seconds
        )
    except (ClientError, BotoCoreError) as error:
        log("wait.not.set", trace_id(record), message=record["messageId"], error=str(error))


# endregion


# region set_aside
def set_aside(record: dict[str, Any], reason: str) -> bool:
    """Move the message to the dead-letter queue with the reason. False if that fails, so that it is retried."""
    attributes = {"reason": {"DataType": "String", "StringValue": printable(reason)}}
    if trace := trace_id(record):
        attributes["trace"] = {"DataType": "String", "StringValue": f"trace:{trace}"}
    try:
        sqs.send_message(
            QueueUrl=os.environ["DEAD_LETTERS_URL"], MessageBody=record["body"], MessageAttributes=attributes
        )
    except (ClientError, BotoCoreError) as error:
        log("set.aside.failed", trace_id(record), message=record["messageId"], error=str(error))
        return False
    log("order.set.aside", trace_id(record), message=record["messageId"])
    return True


# endregion


def printable(text: str) -> str:
    """The text as an attribute may contain it: ASCII, and at most 200 characters."""
    return text.encode("ascii", "backslashreplace").decode()[:200]


def trace_id(record: dict[str, Any]) -> str:
    """The identifier in the attribute that the API added, without the word before it."""
    attribute = record["messageAttributes"].get("trace", {})
    return attribute.get("stringValue", "").removeprefix("trace:")


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON, so that CloudWatch Logs Insights finds its fields by name."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
