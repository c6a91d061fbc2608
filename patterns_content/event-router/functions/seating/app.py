"""Takes whole events from the queue and writes down each change of a seat once, also when it is replayed."""

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
    """No retry can change this. The message ends in the dead-letter queue."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Write each message's row. Return the identifiers of those to retry."""
    failed = [record["messageId"] for record in event["Records"] if not done(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def done(record: dict[str, Any]) -> bool:
    try:
        row, trace = row_in(record["body"])
        log(f"seat.{write(row)}", trace, event=row["event"])
    except Exception as error:
        log("seat.failed", "", message=record["messageId"], error=f"{type(error).__name__}: {error}")
        return False
    return True


def row_in(body: str) -> tuple[dict[str, str], str]:
    """The row and the trace in a message. Raises NotAnEvent."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotAnEvent("the message is not JSON") from error
    match sent:
        case {
            "detail-type": str(kind),
            "detail": {"id": str(id), "show": str(show), "seat": str(seat), "trace": str(trace)},
        } if NAME.fullmatch(id) and all(map(is_storable, (kind, show, seat, trace))):
            return {"event": id, "type": kind, "show": show, "seat": seat}, trace
    raise NotAnEvent("the message has another form")


def is_storable(text: str) -> bool:
    """Whether a table takes the text: no control characters or halves of a character, and not too long."""
    return text.isprintable() and len(text) <= MOST_LETTERS


# region write
def write(row: dict[str, str]) -> str:
    """`written`, or `repeated` if it is there already: a queue may deliver twice, and a replay does so on purpose."""
    try:
        dynamodb.put_item(
            TableName=os.environ["SEATS_TABLE"],
            Item={name: {"S": value} for name, value in row.items()},
            ConditionExpression="attribute_not_exists(event)",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return "repeated"
    return "written"


# endregion


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
