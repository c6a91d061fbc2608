"""Takes new rows of the outbox from the table's stream: sends each event to the queue, then deletes its row."""

import json
import os
import time
from typing import Any

import boto3
from faults import may_die

dynamodb = boto3.client("dynamodb")
sqs = boto3.client("sqs")


# region handler
def handler(event: dict[str, Any], context: Any) -> None:
    """Publish the batch in the order of the stream. An error ends it, and Lambda delivers the whole batch again."""
    for record in event["Records"]:
        publish({name: value["S"] for name, value in record["dynamodb"]["NewImage"].items()})


def publish(row: dict[str, str]) -> None:
    """Send first and delete second: a process that dies in between sends the event again, and never loses it."""
    trace = row.pop("trace").removeprefix("trace:")
    sqs.send_message(
        QueueUrl=os.environ["EVENT_QUEUE_URL"],
        MessageBody=json.dumps(row),
        MessageAttributes={"trace": {"DataType": "String", "StringValue": f"trace:{trace}"}},
    )
    log("event.sent", trace, event=row["event"], order=row["order"])
    may_die("after-send")
    dynamodb.delete_item(TableName=os.environ["OUTBOX_TABLE"], Key={"event": {"S": row["event"]}})
    log("event.done", trace, event=row["event"], order=row["order"])


# endregion


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
