"""Writes one invoice for each order, however often the order is delivered."""

import json
import os
import time
from typing import Any

import boto3
from botocore.exceptions import ClientError

LONGEST_WAIT_SECONDS = 2

sqs = boto3.client("sqs")
invoices = boto3.resource("dynamodb").Table(os.environ["INVOICES_TABLE"])


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Bill every order of the batch; name the failed ones, so that only those return to the queue."""
    failed = [record["messageId"] for record in event["Records"] if not billed(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


# endregion


def billed(record: dict[str, Any]) -> bool:
    """Whether this order needs no further delivery. A failed one is made to wait a little first."""
    trace = record["messageAttributes"].get("trace", {}).get("stringValue", "")
    try:
        bill(json.loads(record["body"]), trace)
    except Exception as error:
        attempt = int(record["attributes"]["ApproximateReceiveCount"])
        wait = min(2 ** (attempt - 1), LONGEST_WAIT_SECONDS)
        log("billing.failed", trace, attempt=attempt, error=f"{type(error).__name__}: {error}", wait_s=wait)
        sqs.change_message_visibility(
            QueueUrl=os.environ["QUEUE_URL"], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=wait
        )
        return False
    return True


# region bill
def bill(order: dict[str, Any], trace: str) -> None:
    """Store the invoice under the order's number, unless it is there already: events may come twice."""
    vat_percent = int(os.environ["VAT_PERCENT"])
    invoice = {
        "order": order["order"],
        "total_cents": order["total_cents"],
        "vat_cents": order["total_cents"] * vat_percent // (100 + vat_percent),
    }
    try:
        invoices.put_item(
            Item=invoice,
            ConditionExpression="attribute_not_exists(#order)",
            ExpressionAttributeNames={"#order": "order"},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        log("invoice.known", trace, order=order["order"])
    else:
        log("invoice.written", trace, order=order["order"], vat_cents=invoice["vat_cents"])


# endregion


def direct(event: dict[str, Any], context: Any) -> None:
    """The naive twin's entry (naive.yaml): one order, while its caller waits. Nobody filters, so it must."""
    if event["order"]["total_cents"] > 0:
        bill(event["order"], event["trace"])
    else:
        log("invoice.not.needed", event["trace"], order=event["order"]["order"])


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
