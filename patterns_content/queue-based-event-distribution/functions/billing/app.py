"""Writes one invoice for each order, however often the event is delivered."""

import json
import os
import re
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

NUMBER = re.compile(r"[A-Za-z0-9-]{1,64}")

sqs = boto3.client("sqs")
invoices = boto3.resource("dynamodb").Table(os.environ["INVOICES_TABLE"])


class Unfit(Exception):
    """Billing cannot process this event, and a retry will not change that."""


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Bill every order of the batch; return the failed ones, so that only they return to the queue."""
    failed = [record["messageId"] for record in event["Records"] if not done(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def done(record: dict[str, Any]) -> bool:
    """Whether this event needs no further delivery. A failed one returns after the visibility timeout."""
    trace = trace_id(record)
    try:
        bill(order_in(record["body"]), trace)
    except Unfit as error:
        log("billing.failed", trace, error=f"Unfit: {error}")
        return set_aside(record, str(error))
    except Exception as error:
        attempt = int(record["attributes"]["ApproximateReceiveCount"])
        log("billing.failed", trace, attempt=attempt, error=f"{type(error).__name__}: {error}")
        return False
    return True


# endregion


# region bill
def bill(order: dict[str, Any], trace: str) -> None:
    """Store the invoice under the order's number, unless there is one: events may arrive twice."""
    vat_percent = vat()
    invoice = {
        "order": order["order"],
        "total_cents": order["total_cents"],
        "vat_cents": order["total_cents"] * vat_percent // (100 + vat_percent),
    }
    try:
        invoices.put_item(
            Item=invoice,
            ConditionExpression="attribute_not_exists(#order)",
            ExpressionAttributeNames={"#order": "order"},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        log("invoice.known", trace, order=order["order"])
    else:
        log("invoice.written", trace, order=order["order"], vat_cents=invoice["vat_cents"])


# endregion


def vat() -> int:
    """The rate in percent. `Unfit` if it is not a number, because only a deployment changes that."""
    try:
        return int(os.environ["VAT_PERCENT"])
    except ValueError as error:
        raise Unfit(f"the VAT rate is not a number: {error}") from error


def order_in(body: str) -> dict[str, Any]:
    """The order that the event is about. `Unfit` if it cannot be billed, now or later."""
    try:
        order = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unfit(f"not JSON: {error}") from error
    match order:
        case {"order": str(number), "total_cents": int()} if NUMBER.fullmatch(number):
            return order
        case _:
            raise Unfit("not an order with a number and a total")


# region set_aside
def set_aside(record: dict[str, Any], reason: str) -> bool:
    """Move the event to billing's dead-letter queue with the reason. False if that fails, so that it is retried."""
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
    log("billing.set.aside", trace_id(record), reason=reason)
    return True


# endregion


def direct(event: dict[str, Any], context: Any) -> None:
    """The naive twin's entry (naive.yaml): one order, while its caller waits. There is no filter in front."""
    if event["order"]["total_cents"] > 0:
        bill(event["order"], event["trace"])
    else:
        log("invoice.not.needed", event["trace"], order=event["order"]["order"])


def trace_id(record: dict[str, Any]) -> str:
    """The trace identifier from the event's attributes."""
    return record["messageAttributes"].get("trace", {}).get("stringValue", "")


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
