"""Books one parcel for each order that is sent."""

import json
import os
import re
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

NUMBER = re.compile(r"[A-Za-z0-9-]{1,64}")

sqs = boto3.client("sqs")
shipments = boto3.resource("dynamodb").Table(os.environ["SHIPMENTS_TABLE"])


class Unfit(Exception):
    """Shipping cannot process this event, and a retry will not change that."""


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Book every order of the batch; return the failed ones, so that only they return to the queue."""
    failed = [record["messageId"] for record in event["Records"] if not done(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def done(record: dict[str, Any]) -> bool:
    """Whether this event needs no further delivery. A failed one returns after the visibility timeout."""
    trace = trace_id(record)
    try:
        book(order_in(record["body"]), trace)
    except Unfit as error:
        log("shipping.failed", trace, error=f"Unfit: {error}")
        return set_aside(record, str(error))
    except Exception as error:
        attempt = int(record["attributes"]["ApproximateReceiveCount"])
        log("shipping.failed", trace, attempt=attempt, error=f"{type(error).__name__}: {error}")
        return False
    return True


# endregion


def book(order: dict[str, Any], trace: str) -> None:
    """Store the shipment under the order's number, unless there is one: a duplicate event books no second parcel."""
    try:
        shipments.put_item(
            Item={"order": order["order"], "item": order["item"]},
            ConditionExpression="attribute_not_exists(#order)",
            ExpressionAttributeNames={"#order": "order"},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        log("parcel.known", trace, order=order["order"])
    else:
        log("parcel.booked", trace, order=order["order"])


def order_in(body: str) -> dict[str, Any]:
    """The order that the event is about. `Unfit` if it cannot be shipped, now or later."""
    try:
        order = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unfit(f"not JSON: {error}") from error
    match order:
        case {"order": str(number), "item": str(item)} if NUMBER.fullmatch(number) and item.isprintable():
            return order
        case _:
            raise Unfit("not an order with a number and an item")


# region set_aside
def set_aside(record: dict[str, Any], reason: str) -> bool:
    """Move the event to shipping's dead-letter queue with the reason. False if that fails, so that it is retried."""
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
    log("shipping.set.aside", trace_id(record), reason=reason)
    return True


# endregion


def direct(event: dict[str, Any], context: Any) -> None:
    """The naive twin's entry (naive.yaml). There is no filter, so the function must check the order itself."""
    if event["order"]["delivery"] == "parcel":
        book(event["order"], event["trace"])
    else:
        log("parcel.not.needed", event["trace"], order=event["order"]["order"])


def trace_id(record: dict[str, Any]) -> str:
    """The trace identifier from the event's attributes."""
    return record["messageAttributes"].get("trace", {}).get("stringValue", "")


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
