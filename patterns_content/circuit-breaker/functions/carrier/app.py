"""Stands for the carrier's service: it has work for a few calls, and a call that it must refuse costs it work too."""

import json
import os
import time
import zlib
from typing import Any

import boto3

MOST_SECONDS = 14.0
"""Work that waits at most: what is sent beyond that is lost before it costs anything."""

KEY = {"name": {"S": "work"}}

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"status": 200, "days"} or {"status": 503, "reason"}."""
    product = event["product"]
    if os.environ["STATE"] == "down":
        log("carrier.down", product=product)
        return {"status": 503, "reason": "down"}
    waiting = take_on()
    if waiting > float(os.environ["PATIENCE_SECONDS"]):
        log("carrier.busy", product=product, waiting_s=round(waiting, 1))
        return {"status": 503, "reason": "busy"}
    log("carrier.answered", product=product, waiting_s=round(waiting, 1))
    return {"status": 200, "days": 2 + zlib.crc32(product.encode()) % 4}


# region take_on
def take_on() -> float:
    """Add the work of one call, and return the seconds of work that had been waiting before it.

    The row has the time at which all work is done. It moves on by itself, so a carrier that gets no calls recovers.
    """
    work = float(os.environ["WORK_SECONDS"])
    while True:
        now = time.time()
        row = dynamodb.get_item(TableName=os.environ["CARRIER_TABLE"], Key=KEY, ConsistentRead=True).get("Item", {})
        seen = row.get("done_at", {"N": "0"})["N"]
        waiting = max(0.0, float(seen) - now)
        done = now + min(waiting + work, MOST_SECONDS)
        try:
            dynamodb.update_item(
                TableName=os.environ["CARRIER_TABLE"],
                Key=KEY,
                UpdateExpression="SET done_at = :done",
                ConditionExpression="attribute_not_exists(done_at) OR done_at = :seen",
                ExpressionAttributeValues={":done": {"N": str(done)}, ":seen": {"N": seen}},
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            continue  # another call was faster: look again
        return waiting


# endregion


def log(step: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, **facts}))
