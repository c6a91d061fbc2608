"""Reserves the items of queued orders. No caller waits, so an order that fails returns to the queue for a while."""

import json
import math
import os
import random
import re
import time
from typing import Any

import boto3
import client
from botocore.exceptions import BotoCoreError, ClientError

ORDER = re.compile(r"[A-Za-z0-9-]{1,64}")
LONGEST_WAIT_SECONDS = 60

sqs = boto3.client("sqs")
dynamodb = boto3.client("dynamodb")


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Reserve each order of the batch. What fails is delivered again later, without a loop of tries in here."""
    failed = [record["messageId"] for record in event["Records"] if not reserved(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def reserved(record: dict[str, Any]) -> bool:
    """Whether the message needs no further delivery. The queue is the retry, and its wait grows with each receive."""
    attempt = int(record["attributes"]["ApproximateReceiveCount"])
    try:
        order = order_in(record)
        client.ask(order["item"], trace_of(record))
        keep(order)
    except NotAnOrder as error:
        log("order.invalid", record, error=str(error))
        return set_aside(record, str(error))
    except (client.Unavailable, ClientError, BotoCoreError) as error:
        wait = wait_after(attempt)
        come_back_after(record, wait)
        log("order.waits", record, error=f"{type(error).__name__}: {error}", attempt=attempt, wait_s=wait)
        return False
    log("order.reserved", record, order=order["order"], attempt=attempt)
    return True


def wait_after(attempt: int) -> int:
    """Full jitter over a growing span: up to 4, 8, 16, 32 and then 60 seconds. SQS takes whole seconds."""
    return max(1, math.ceil(random.uniform(0, min(LONGEST_WAIT_SECONDS, 2 ** min(attempt + 1, 10)))))


# endregion


class NotAnOrder(Exception):
    """A retry would not change this message."""


def order_in(record: dict[str, Any]) -> dict[str, str]:
    try:
        sent = json.loads(record["body"])
    except (ValueError, RecursionError) as error:
        raise NotAnOrder(f"not JSON: {error}") from error
    match sent:
        case {"order": str(order), "item": str(item)} if ORDER.fullmatch(order) and ORDER.fullmatch(item):
            return {"order": order, "item": item}
    raise NotAnOrder("an order needs an order and an item of letters, digits and hyphens")


def keep(order: dict[str, str]) -> None:
    """Store the reservation. A second delivery stores the same."""
    row = {"order": {"S": order["order"]}, "item": {"S": order["item"]}}
    dynamodb.put_item(TableName=os.environ["RESERVATIONS_TABLE"], Item=row)


def set_aside(record: dict[str, Any], reason: str) -> bool:
    """Move a message that can never succeed to the dead-letter queue. False if that fails, so that it is retried."""
    attributes = {"reason": {"DataType": "String", "StringValue": reason.encode("ascii", "replace").decode()[:200]}}
    try:
        sqs.send_message(
            QueueUrl=os.environ["DEAD_LETTERS_URL"], MessageBody=record["body"], MessageAttributes=attributes
        )
    except (ClientError, BotoCoreError) as error:
        log("set.aside.failed", record, error=str(error))
        return False
    return True


def come_back_after(record: dict[str, Any], seconds: int) -> None:
    """Make the message visible again after so many seconds. If that fails, the queue's visibility timeout applies."""
    try:
        sqs.change_message_visibility(
            QueueUrl=os.environ["QUEUE_URL"], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=seconds
        )
    except (ClientError, BotoCoreError) as error:
        log("wait.not.set", record, error=str(error))


def trace_of(record: dict[str, Any]) -> str:
    attribute = record.get("messageAttributes", {}).get("trace", {})
    return str(attribute.get("stringValue", "")).removeprefix("trace:")


def log(step: str, record: dict[str, Any], **facts: Any) -> None:
    facts = {"message": record["messageId"], **facts}
    print(json.dumps({"at": time.time(), "step": step, "trace": trace_of(record), **facts}))
