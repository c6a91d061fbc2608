"""Books one parcel for each order that travels."""

import json
import os
import time
from typing import Any

import boto3

shipments = boto3.resource("dynamodb").Table(os.environ["SHIPMENTS_TABLE"])


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Book every order of the batch; name the failed ones, so that only those return to the queue."""
    failed = [record["messageId"] for record in event["Records"] if not booked(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


# endregion


def booked(record: dict[str, Any]) -> bool:
    """Whether this order needs no further delivery. A failed one returns after the visibility timeout."""
    trace = record["messageAttributes"].get("trace", {}).get("stringValue", "")
    try:
        book(json.loads(record["body"]), trace)
    except Exception as error:
        log("shipping.failed", trace, error=f"{type(error).__name__}: {error}")
        return False
    return True


def book(order: dict[str, Any], trace: str) -> None:
    """Store the shipment under the order's number: booked twice, it is still one parcel."""
    shipments.put_item(Item={"order": order["order"], "item": order["item"]})
    log("parcel.booked", trace, order=order["order"])


def direct(event: dict[str, Any], context: Any) -> None:
    """The naive twin's entry (naive.yaml): nobody filters, so the function must."""
    if event["order"]["delivery"] == "parcel":
        book(event["order"], event["trace"])
    else:
        log("parcel.not.needed", event["trace"], order=event["order"]["order"])


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
