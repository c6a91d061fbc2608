"""Packs the orders of one batch and reports which of them are to come again."""

import json
import os
import time
from typing import Any

import boto3
from warehouse import WarehouseBusy, pack

LONGEST_WAIT_SECONDS = 2

sqs = boto3.client("sqs")


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Pack every order of the batch; name the failed ones, so that only those return to the queue."""
    log("batch.received", trace_id(event["Records"][0]), size=len(event["Records"]))
    failed = [record["messageId"] for record in event["Records"] if not packed(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


# endregion


def packed(record: dict[str, Any]) -> bool:
    """Whether this order needs no further delivery. A failed one is made to wait a little first."""
    attempt = int(record["attributes"]["ApproximateReceiveCount"])
    facts = {"message": record["messageId"], "attempt": attempt}
    try:
        facts["order"] = pack(json.loads(record["body"]))
    except Exception as error:
        step = "order.refused" if isinstance(error, WarehouseBusy) else "order.failed"
        wait = wait_after(attempt)
        log(step, trace_id(record), error=f"{type(error).__name__}: {error}", wait_s=wait, **facts)
        come_back_after(record, wait)
        return False
    log("order.packed", trace_id(record), **facts)
    return True


# region come_back_after
def wait_after(attempt: int) -> int:
    """Seconds to wait after this failed attempt: 1, then 2, and so on up to the longest."""
    return min(2 ** (attempt - 1), LONGEST_WAIT_SECONDS)


def come_back_after(record: dict[str, Any], seconds: int) -> None:
    """Show this message again after so many seconds, not after the whole visibility timeout."""
    sqs.change_message_visibility(
        QueueUrl=os.environ["QUEUE_URL"], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=seconds
    )


# endregion


def trace_id(record: dict[str, Any]) -> str:
    """The identifier that the API put beside the order, without the word before it."""
    attribute = record["messageAttributes"].get("trace", {})
    return attribute.get("stringValue", "").removeprefix("trace:")


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON: CloudWatch Logs Insights then finds its fields by name."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
