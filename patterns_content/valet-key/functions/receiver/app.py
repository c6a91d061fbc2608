"""Looks at a picture that has arrived. The event may come twice or late, and the picture may be none."""

import json
import os
import time
from typing import Any
from urllib.parse import unquote_plus

import boto3

BEGINNINGS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}

s3 = boto3.client("s3")
dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> None:
    """Judge the object of each record. What is raised here makes Lambda retry the event."""
    for one in event["Records"]:
        receive(one["s3"]["bucket"]["name"], one["s3"]["object"])


# region receive
def receive(bucket: str, event: dict[str, Any]) -> None:
    """Read the first bytes, and write to the picture's row whether they are those of its type."""
    key = unquote_plus(event["key"])
    picture = key.removeprefix("uploads/")
    try:
        found = s3.get_object(Bucket=bucket, Key=key, Range="bytes=0-7")
    except s3.exceptions.NoSuchKey:
        log("picture.gone", "", picture=picture)  # deleted since: no retry brings it back
        return
    beginning = BEGINNINGS.get(found["ContentType"])
    is_picture = beginning is not None and found["Body"].read().startswith(beginning)
    size = int(found["ContentRange"].rpartition("/")[2])
    status = "arrived" if is_picture else "refused"
    before = record(picture, status, size, event["sequencer"])
    if before is None:
        log("picture.unchanged", "", picture=picture)
        return
    trace = before["trace"]["S"]
    if "order" in before:
        log("picture.replaced", trace, picture=picture)
    log(f"picture.{status}", trace, picture=picture, bytes=size)


# endregion


def record(picture: str, status: str, size: int, sequencer: str) -> dict[str, Any] | None:
    """Write the row and return what it was before. None if there is none, or if it has this upload or a later one."""
    try:
        written: dict[str, Any] = dynamodb.update_item(
            TableName=os.environ["PICTURES_TABLE"],
            Key={"picture": {"S": picture}},
            UpdateExpression="SET #status = :status, #bytes = :bytes, #order = :order",
            ConditionExpression="attribute_exists(picture) AND (attribute_not_exists(#order) OR #order < :order)",
            ExpressionAttributeNames={"#status": "status", "#bytes": "bytes", "#order": "order"},
            ExpressionAttributeValues={
                ":status": {"S": status},
                ":bytes": {"N": str(size)},
                ":order": {"S": sequencer.lower().ljust(64, "0")},
            },
            ReturnValues="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return None
    row: dict[str, Any] = written["Attributes"]
    return row


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
