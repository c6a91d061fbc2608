"""Asks the director for a decision: stores the task token of the waiting execution, and would send the mail."""

import json
import os
import time
from typing import Any

import boto3

MONTH = 30 * 24 * 3600

dynamodb = boto3.client("dynamodb")


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """Store the token. What this returns goes nowhere: the execution waits for its token."""
    dynamodb.put_item(
        TableName=os.environ["TOKENS_TABLE"],
        Item={
            "payment": {"S": event["payment"]},
            "token": {"S": event["token"]},
            "expires": {"N": str(int(time.time()) + MONTH)},
        },
    )
    log("decision.asked", event["trace"], payment=event["payment"], amount=event["amount"])
    return {"status": "asked"}


# endregion


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
