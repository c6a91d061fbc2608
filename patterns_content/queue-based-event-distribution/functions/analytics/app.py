"""Counts sales. The log line is in CloudWatch's embedded metric format: logging it records the metric."""

import json
import time
from typing import Any


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Count every order of the batch. Counting cannot fail on its own, so nothing is reported back."""
    for record in event["Records"]:
        count(json.loads(record["body"]), record["messageAttributes"].get("trace", {}).get("stringValue", ""))
    return {"batchItemFailures": []}


# endregion


# region count
def count(order: dict[str, Any], trace: str) -> None:
    """One sale and its value, by way of delivery."""
    now = time.time()
    metrics = {
        "Namespace": "Shop",
        "Dimensions": [["delivery"]],
        "Metrics": [{"Name": "Sales", "Unit": "Count"}, {"Name": "Cents", "Unit": "None"}],
    }
    line = {
        "at": now,
        "step": "sale.counted",
        "trace": trace,
        "order": order["order"],
        "_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [metrics]},
        "delivery": order["delivery"],
        "Sales": 1,
        "Cents": order["total_cents"],
    }
    print(json.dumps(line))


# endregion


def direct(event: dict[str, Any], context: Any) -> None:
    """The naive twin's entry (naive.yaml)."""
    count(event["order"], event["trace"])
