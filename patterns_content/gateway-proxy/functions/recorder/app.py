"""Records parcel scans from the queue, whether the gateway or a function put them there."""

import json
import os
import time
from typing import Any

import boto3

LONGEST_BYTES = 1024  # as much as DynamoDB takes for a sort key

table = boto3.resource("dynamodb").Table(os.environ["SCANS_TABLE"])


class Unreadable(ValueError):
    """The message is not a scan. A retry would not change that."""


def handler(event: dict[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
    """Write each scan to the table; report the messages that failed, so that only they come back."""
    failed = [record["messageId"] for record in event["Records"] if not recorded(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def recorded(record: dict[str, Any]) -> bool:
    """Write one message's scan. The same scan twice is the same item: SQS may deliver more than once."""
    trace = trace_of(record)
    receives = int(record.get("attributes", {}).get("ApproximateReceiveCount", "1"))
    if receives > 1:
        log("scan.received-before", trace, receives=receives, message_id=record["messageId"])
    try:
        scan = scan_from(record["body"])
        table.put_item(Item=scan)
    except Unreadable as error:
        log("scan.unreadable", trace, reason=str(error), message_id=record["messageId"])
        return False
    except Exception as error:  # whatever the cause, only this message fails, not its batch
        log("scan.not.recorded", trace, reason=f"{type(error).__name__}: {error}", message_id=record["messageId"])
        return False
    log("scan.recorded", trace, parcel=scan["parcel"], depot=scan["depot"])
    return True


# region check
def scan_from(body: str) -> dict[str, str]:
    """The scan in a message's body. It is checked here for the first time: the gateway passed it on as it came."""
    try:
        scan = json.loads(body)
        return {field: required_text(scan, field) for field in ("parcel", "scanned_at", "depot")}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def required_text(scan: dict[str, Any], field: str) -> str:
    """The field's value. KeyError if it is missing, TypeError if it is blank or not a text that fits a key."""
    value = scan[field]
    if not isinstance(value, str) or not value.strip():
        raise TypeError(f"{field} must be text")
    if len(value.encode()) > LONGEST_BYTES:  # a lone surrogate has no encoding: a ValueError
        raise TypeError(f"{field} is longer than {LONGEST_BYTES} bytes")
    return value


# endregion


def trace_of(record: dict[str, Any]) -> str:
    """The caller's trace id, which the mapping template put into a message attribute as `trace:<id>`."""
    attribute = record.get("messageAttributes", {}).get("Trace", {})
    return str(attribute.get("stringValue", "")).removeprefix("trace:")


def log(step: str, trace: str, **facts: Any) -> None:
    """Print one JSON line: what happened, when (Unix seconds) and on whose behalf."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
