"""Stores orders. What cannot be stored goes to the dead-letter queue with the reason, to be sorted there."""

import json
import math
import os
import random
import re
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

NUMBER = re.compile(r"[A-Za-z0-9-]{1,64}")  # the same as in the API's model, because the queue may have other senders
MOST_VERSIONS, MOST_PIECES = 1_000_000, 1000  # the same

sqs = boto3.client("sqs")
dynamodb = boto3.client("dynamodb")


class CannotStore(Exception):
    """This order fails in the same way each time. `reason` is a word that dead letters can be counted by."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class OvenOff(Exception):
    """The downstream does not work at the moment. A later try is safe and useful."""


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Store the orders of a batch. Return the identifiers of those that a retry may help."""
    failed = [record["messageId"] for record in event["Records"] if not done(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def done(record: dict[str, Any]) -> bool:
    """Whether this message needs no further delivery."""
    attempt = int(record["attributes"]["ApproximateReceiveCount"])
    facts = {"message": record["messageId"], "attempt": attempt}
    try:
        order = order_in(record["body"])
        facts["order"] = order["order"]
        outcome = store(order)
    except CannotStore as error:
        log("order.failed", trace_id(record), reason=error.reason, error=str(error), **facts)
        return set_aside(record, error)
    except Exception as error:
        log("order.failed", trace_id(record), error=f"{type(error).__name__}: {error}", **facts)
        come_back_soon(record, attempt)
        return False
    log(f"order.{outcome}", trace_id(record), version=order["version"], **facts)
    return True


# endregion


def order_in(body: str) -> dict[str, Any]:
    """The order in a message. `CannotStore` if it is not one, or has a unit that this version does not know."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CannotStore("NotAnOrder", f"the message is not JSON: {error}") from error
    match sent:
        case {"order": str(number), "version": int(version), "quantity": int(quantity), "unit": str(unit)} if (
            NUMBER.fullmatch(number) and type(version) is type(quantity) is int and 0 < version <= MOST_VERSIONS
        ):
            pass
        case _:
            raise CannotStore("NotAnOrder", "an order has a number, a version, a quantity and a unit")
    if not 1 <= quantity <= MOST_PIECES:
        raise CannotStore("NotAnOrder", f"order {number} has a quantity of {quantity}")
    if unit not in os.environ["UNITS"].split(","):
        raise CannotStore("UnknownUnit", f"order {number} has the unit {unit!r}")
    return {"order": number, "version": version, "quantity": quantity, "unit": unit}


# region store
def store(order: dict[str, Any]) -> str:
    """Store the order unless the table has this version or a newer one: "stored", "repeated" or "superseded"."""
    if os.environ["OVEN"] != "works":
        raise OvenOff("the bakery's system does not answer")
    version = {"N": str(order["version"])}
    try:
        dynamodb.put_item(
            TableName=os.environ["ORDERS_TABLE"],
            Item={
                "order": {"S": order["order"]},
                "version": version,
                "quantity": {"N": str(order["quantity"])},
                "unit": {"S": order["unit"]},
            },
            ConditionExpression="attribute_not_exists(#order) OR version < :version",
            ExpressionAttributeNames={"#order": "order"},
            ExpressionAttributeValues={":version": version},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        return "repeated" if error.response["Item"]["version"] == version else "superseded"
    return "stored"


# endregion


# region set_aside
def set_aside(record: dict[str, Any], error: CannotStore) -> bool:
    """Move the message to the dead-letter queue with reason and detail. False if that fails, so that it is retried."""
    facts = {
        "reason": error.reason,
        "detail": str(error).encode("ascii", "backslashreplace").decode()[:200],
        "trace": f"trace:{trace_id(record)}",
        "redriven": attribute(record, "redriven") or "0",
    }
    try:
        sqs.send_message(
            QueueUrl=os.environ["DEAD_LETTERS_URL"],
            MessageBody=record["body"],
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in facts.items() if value
            },
        )
    except (ClientError, BotoCoreError) as failure:
        log("set.aside.failed", trace_id(record), message=record["messageId"], error=str(failure))
        return False
    log("order.set.aside", trace_id(record), message=record["messageId"], reason=error.reason)
    return True


# endregion


def come_back_soon(record: dict[str, Any], attempt: int) -> None:
    """Make the message visible again after up to 2, then 4 seconds: short, so that a demo can show it."""
    try:
        sqs.change_message_visibility(
            QueueUrl=os.environ["QUEUE_URL"],
            ReceiptHandle=record["receiptHandle"],
            VisibilityTimeout=max(1, math.ceil(random.uniform(0, min(2 * attempt, 4)))),
        )
    except (ClientError, BotoCoreError) as error:
        log("wait.not.set", trace_id(record), message=record["messageId"], error=str(error))


def attribute(record: dict[str, Any], name: str) -> str:
    found: str = record["messageAttributes"].get(name, {}).get("stringValue", "")
    return found


def trace_id(record: dict[str, Any]) -> str:
    """The identifier in the attribute that the API added, without the word before it."""
    return attribute(record, "trace").removeprefix("trace:")


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON, so that CloudWatch Logs Insights finds its fields by name."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
