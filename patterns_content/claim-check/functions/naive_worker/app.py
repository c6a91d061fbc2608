"""Books the export that a message carries, the naive twin."""

import json
import os
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

dynamodb = boto3.client("dynamodb")
sqs = boto3.client("sqs")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Book each export. Return the identifiers of those to retry: what the message says cannot change."""
    failed = [record["messageId"] for record in event["Records"] if not done(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def done(record: dict[str, Any]) -> bool:
    """Whether this message needs no further delivery."""
    attributes = {name: value.get("stringValue", "") for name, value in record["messageAttributes"].items()}
    trace = attributes.get("trace", "").removeprefix("trace:")
    try:
        pieces = [json.loads(line)["pieces"] for line in record["body"].splitlines()]
        item = {
            "store": {"S": attributes["store"]},
            "export": {"S": attributes["export"]},
            "bytes": {"N": str(len(record["body"].encode()))},
            "articles": {"N": str(len(pieces))},
            "pieces": {"N": str(sum(pieces))},
        }
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        log("export.failed", trace, error=f"{type(error).__name__}: {error}")
        return set_aside(record, trace)
    try:
        dynamodb.put_item(TableName=os.environ["STOCK_TABLE"], Item=item)
    except (ClientError, BotoCoreError) as error:
        log("export.failed", trace, error=f"{type(error).__name__}: {error}")
        return False
    log("export.booked", trace, store=attributes["store"], export=attributes["export"])
    return True


def set_aside(record: dict[str, Any], trace: str) -> bool:
    """Move the message to the dead-letter queue. False if that fails, so that it is retried."""
    try:
        sqs.send_message(QueueUrl=os.environ["DEAD_LETTERS_URL"], MessageBody=record["body"])
    except (ClientError, BotoCoreError) as error:
        log("set.aside.failed", trace, error=str(error))
        return False
    log("export.set.aside", trace, message=record["messageId"])
    return True


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
