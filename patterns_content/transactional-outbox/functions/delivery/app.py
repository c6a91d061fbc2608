"""Takes events from the queue and plans one delivery for each order, however often its event arrives."""

import json
import os
import re
import time
from typing import Any

import boto3

NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
MOST_LETTERS = 200

dynamodb = boto3.client("dynamodb")


class NotAnEvent(Exception):
    """A message that no retry can turn into an event. It ends in the dead-letter queue."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Plan the delivery of each event. Return the identifiers of those to retry."""
    failed = [record["messageId"] for record in event["Records"] if not done(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def done(record: dict[str, Any]) -> bool:
    trace = record["messageAttributes"].get("trace", {}).get("stringValue", "").removeprefix("trace:")
    try:
        sent = event_in(record["body"])
        log(f"delivery.{plan(sent)}", trace, order=sent["order"], event=sent["event"])
    except Exception as error:
        log("delivery.failed", trace, message=record["messageId"], error=f"{type(error).__name__}: {error}")
        return False
    return True


def event_in(body: str) -> dict[str, str]:
    """The event in a message. Raises NotAnEvent."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotAnEvent("the message is not JSON") from error
    match sent:
        case {"type": "order.placed", "event": str(event), "order": str(order), "street": str(street)} if (
            NAME.fullmatch(event) and NAME.fullmatch(order) and is_storable(street)
        ):
            return {"event": event, "order": order, "street": street}
    raise NotAnEvent("the message is no event of an order")


def is_storable(text: str) -> bool:
    """Whether a table takes the text: no control characters or halves of a character, and not too long."""
    return text.isprintable() and len(text) <= MOST_LETTERS


# region plan
def plan(sent: dict[str, str]) -> str:
    """`planned` the first time, `repeated` after that. The condition and the row are one write, so no race is left."""
    table, key = os.environ["DELIVERIES_TABLE"], {"order": {"S": sent["order"]}}
    try:
        dynamodb.put_item(
            TableName=table,
            Item={**key, "event": {"S": sent["event"]}, "street": {"S": sent["street"]}, "arrived": {"N": "1"}},
            ConditionExpression="attribute_not_exists(#order)",
            ExpressionAttributeNames={"#order": "order"},  # a reserved word
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="ADD arrived :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        return "repeated"
    return "planned"


# endregion


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
