"""Counts each sale once. The log line has CloudWatch's embedded metric format: logging it records the metric."""

import json
import os
import re
import time
import uuid
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

NUMBER = re.compile(r"[A-Za-z0-9-]{1,64}")
REMEMBERED_SECONDS = 30 * 24 * 3600  # longer than a copy can wait: 4 days in the queue and 14 among the dead letters

sqs = boto3.client("sqs")
counted = boto3.resource("dynamodb").Table(os.environ["COUNTED_TABLE"])


class Unfit(Exception):
    """Analytics cannot process this event, and a retry will not change that."""


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Count every order of the batch; return the failed ones, so that only they return to the queue."""
    failed = [record["messageId"] for record in event["Records"] if not done(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def done(record: dict[str, Any]) -> bool:
    """Whether this event needs no further delivery. A failed one returns after the visibility timeout."""
    trace = trace_id(record)
    try:
        count_once(order_in(record["body"]), trace)
    except Unfit as error:
        log("analytics.failed", trace, error=f"Unfit: {error}")
        return set_aside(record, str(error))
    except Exception as error:
        attempt = int(record["attributes"]["ApproximateReceiveCount"])
        log("analytics.failed", trace, attempt=attempt, error=f"{type(error).__name__}: {error}")
        return False
    return True


# endregion


# region count
def count_once(order: dict[str, Any], trace: str) -> None:
    """Count the sale unless it was counted. A crash between the two lines loses one count, but never doubles one."""
    if is_new(order["order"]):
        print(json.dumps(metric(order, trace)))
    else:
        log("sale.known", trace, order=order["order"])


def is_new(number: str) -> bool:
    """Record the order's number. False if it was recorded before."""
    me = uuid.uuid4().hex
    try:
        counted.put_item(
            Item={"order": number, "expires_at": int(time.time()) + REMEMBERED_SECONDS, "counted_by": me},
            # The second part: the SDK repeats a write whose answer got lost, and meets its own row.
            ConditionExpression="attribute_not_exists(#order) OR counted_by = :me",
            ExpressionAttributeNames={"#order": "order"},
            ExpressionAttributeValues={":me": me},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


# endregion


def metric(order: dict[str, Any], trace: str) -> dict[str, Any]:
    """One sale and its value, with the kind of delivery as the dimension."""
    now = time.time()
    metrics = {
        "Namespace": "Shop",
        "Dimensions": [["delivery"]],
        "Metrics": [{"Name": "Sales", "Unit": "Count"}, {"Name": "Cents", "Unit": "None"}],
    }
    return {
        "at": now,
        "step": "sale.counted",
        "trace": trace,
        "order": order["order"],
        "_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [metrics]},
        "delivery": order["delivery"],
        "Sales": 1,
        "Cents": order["total_cents"],
    }


def order_in(body: str) -> dict[str, Any]:
    """The order that the event is about. `Unfit` if it cannot be counted, now or later."""
    try:
        order = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unfit(f"not JSON: {error}") from error
    match order:
        case {"order": str(number), "delivery": "parcel" | "pickup", "total_cents": int()} if NUMBER.fullmatch(number):
            return order
        case _:
            raise Unfit("not an order with a number, a kind of delivery and a total")


# region set_aside
def set_aside(record: dict[str, Any], reason: str) -> bool:
    """Move the event to the dead-letter queue with the reason. False if that fails, so that it is retried."""
    attributes = {
        name: {"DataType": value["dataType"], "StringValue": value["stringValue"]}
        for name, value in record["messageAttributes"].items()
        if "stringValue" in value and name != "reason"
    }
    reason = reason.encode("ascii", "backslashreplace").decode()[:200]
    attributes["reason"] = {"DataType": "String", "StringValue": reason}
    try:
        sqs.send_message(
            QueueUrl=os.environ["DEAD_LETTERS_URL"], MessageBody=record["body"], MessageAttributes=attributes
        )
    except (ClientError, BotoCoreError) as error:
        log("set.aside.failed", trace_id(record), error=str(error))
        return False
    log("analytics.set.aside", trace_id(record), reason=reason)
    return True


# endregion


def direct(event: dict[str, Any], context: Any) -> None:
    """The naive twin's entry (naive.yaml)."""
    count_once(event["order"], event["trace"])


def trace_id(record: dict[str, Any]) -> str:
    """The trace identifier from the event's attributes."""
    return record["messageAttributes"].get("trace", {}).get("stringValue", "")


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
