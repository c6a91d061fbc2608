"""Reserves the items of queued orders. A failed order is delivered again when its visibility timeout ends."""

import json
import os
import time
from typing import Any

import boto3
import client
from botocore.exceptions import BotoCoreError, ClientError

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    failed = [record["messageId"] for record in event["Records"] if not reserved(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def reserved(record: dict[str, Any]) -> bool:
    try:
        order = json.loads(record["body"])
        client.ask(order["item"], trace_of(record))
        row = {"order": {"S": order["order"]}, "item": {"S": order["item"]}}
        dynamodb.put_item(TableName=os.environ["RESERVATIONS_TABLE"], Item=row)
    except (client.Unavailable, ClientError, BotoCoreError, ValueError, TypeError, KeyError) as error:
        log("order.waits", record, error=f"{type(error).__name__}: {error}")
        return False
    log("order.reserved", record, order=order["order"])
    return True


def trace_of(record: dict[str, Any]) -> str:
    attribute = record.get("messageAttributes", {}).get("trace", {})
    return str(attribute.get("stringValue", "")).removeprefix("trace:")


def log(step: str, record: dict[str, Any], **facts: Any) -> None:
    facts = {"message": record["messageId"], **facts}
    print(json.dumps({"at": time.time(), "step": step, "trace": trace_of(record), **facts}))
