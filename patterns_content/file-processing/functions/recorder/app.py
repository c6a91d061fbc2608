"""Records what arrived in the bucket, from the events of EventBridge. These have the key as it is."""

import json
import os
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


# region handler
def handler(event: dict[str, Any], context: Any) -> None:
    """One row for each new object. A second delivery of the event writes the same row."""
    arrived = event["detail"]["object"]
    dynamodb.put_item(
        TableName=os.environ["ARRIVALS_TABLE"],
        Item={
            "file": {"S": arrived["key"]},
            "sequencer": {"S": arrived["sequencer"]},
            "bytes": {"N": str(arrived["size"])},
            "time": {"S": event["time"]},
        },
    )
    log("file.arrived", key=arrived["key"], bytes=arrived["size"])


# endregion


def log(step: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, **facts}))
