"""Takes changes of bookings from the table's stream and keeps the view of sailings in step."""

import json
import os
import time
from typing import Any

import board
import boto3
from change import Change, NotABooking, change_in
from faults import may_die

sqs = boto3.client("sqs")


# region handler
def handler(event: dict[str, Any], context: Any) -> None:
    """Apply each change once. What is no booking goes aside; any other error ends the batch, and it comes again."""
    for record in event["Records"]:
        try:
            change = change_in(record)
        except NotABooking as error:
            set_aside(record, str(error))
            continue
        applied = board.apply(change)
        report(change, applied)
        if applied:
            may_die("after-write")


def set_aside(record: dict[str, Any], reason: str) -> None:
    """Send the whole record to a queue. If that fails, the batch fails: a record is never dropped."""
    body = json.dumps({"reason": reason, "record": record}, default=str)
    sqs.send_message(QueueUrl=os.environ["SET_ASIDE_URL"], MessageBody=body)
    log("change.set.aside", "", keys=record["dynamodb"].get("Keys"), reason=reason)


# endregion


def report(change: Change, applied: bool) -> None:
    """One line, with the time from the write to the view."""
    step = "change.applied" if applied else "change.known"
    lag = round(time.time() * 1000) - change.written_ms
    log(step, change.trace, booking=change.booking, version=change.version, sailing=change.sailing, lag_ms=lag)


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
