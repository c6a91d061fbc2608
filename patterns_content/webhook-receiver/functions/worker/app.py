"""Takes one stored delivery from the queue and applies its event to the payment, once and never backwards."""

import json
import os
import time
from typing import Any

import boto3
from faults import may_die
from payment import Event, event_in

KEPT_SECONDS = 30 * 24 * 3600
"""How long an event's id is remembered. The provider stops to repeat a delivery long before that."""

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> None:
    """An exception leaves the message in the queue, and it comes again."""
    (record,) = event["Records"]
    trace = record["messageAttributes"].get("trace", {}).get("stringValue", "").removeprefix("trace:")
    try:
        found = event_in(record["body"])
        outcome = apply(found)
    except Exception as error:
        log("event.failed", trace, message=record["messageId"], error=f"{type(error).__name__}: {error}")
        raise
    if outcome == "applied":
        log("payment.changed", trace, payment=found.payment, status=found.status, version=found.version)
        may_die("after-write")
    else:
        log(f"event.{outcome}", trace, event=found.number)


# region apply
def apply(event: Event) -> str:
    """`applied`, `repeated` if the event was processed before, `overtaken` if the payment has a later version."""
    remember = {
        "TableName": os.environ["EVENTS_TABLE"],
        "Item": {"event": {"S": event.number}, "expires_at": {"N": str(int(time.time()) + KEPT_SECONDS)}},
        "ConditionExpression": "attribute_not_exists(#event)",
        "ExpressionAttributeNames": {"#event": "event"},
    }
    change = {
        "TableName": os.environ["PAYMENTS_TABLE"],
        "Key": {"payment": {"S": event.payment}},
        "UpdateExpression": "SET #status = :status, version = :version ADD events :one",
        "ConditionExpression": "attribute_not_exists(version) OR version < :version",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {
            ":status": {"S": event.status},
            ":version": {"N": str(event.version)},
            ":one": {"N": "1"},
        },
    }
    try:
        dynamodb.transact_write_items(TransactItems=[{"Put": remember}, {"Update": change}])
    except dynamodb.exceptions.TransactionCanceledException as error:
        known, newer = (
            reason.get("Code") == "ConditionalCheckFailed" for reason in error.response["CancellationReasons"]
        )
        if known:
            return "repeated"
        if newer:
            return "overtaken"
        raise
    return "applied"


# endregion


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
