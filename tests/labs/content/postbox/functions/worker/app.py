"""Delivers letters; one without an address is returned to the queue."""

import json
import os
import time
from typing import Any

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event: dict[str, Any], context: Any) -> None:
    for record in event["Records"]:
        letter = json.loads(record["body"])
        trace = record["attributes"].get("AWSTraceHeader", "")
        print(json.dumps({"at": time.time(), "step": "letter.opened", "trace": trace}))
        if "to" not in letter:
            raise ValueError("a letter without an address")
        table.put_item(Item={"id": record["messageId"], "to": letter["to"]})
