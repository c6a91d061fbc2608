"""The bank: pays each payment once, however often it is told to."""

import json
import os
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """Pay. The payment's number makes a repetition harmless. Raises if the bank is away."""
    if os.environ["FAILS"] == "always":
        log("bank.away", event["trace"], payment=event["payment"])
        raise RuntimeError("The bank is away")
    try:
        dynamodb.put_item(
            TableName=os.environ["TRANSFERS_TABLE"],
            Item={"payment": {"S": event["payment"]}, "amount": {"N": str(event["amount"])}},
            ConditionExpression="attribute_not_exists(payment)",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        log("payment.repeated", event["trace"], payment=event["payment"])
        return {"status": "paid"}
    log("payment.made", event["trace"], payment=event["payment"], amount=event["amount"])
    return {"status": "paid"}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
