"""The pass-through function that the pattern avoids: takes a request and sends its body to a queue."""

import json
import os
import time
from typing import Any

import boto3

sqs = boto3.client("sqs")
QUEUE_URL = os.environ["SCAN_QUEUE_URL"]


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer 202 with the message's id once the queue has it, or 400 if the queue refuses it."""
    trace = trace_of(event)
    try:
        sent = sqs.send_message(
            QueueUrl=QUEUE_URL,
            MessageBody=event["body"] or "",
            MessageAttributes={"Trace": {"DataType": "String", "StringValue": f"trace:{trace}"}},
        )
    except sqs.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            raise
        log("scan.refused", trace, reason=error.response["Error"]["Message"])
        return answer(400, {"message": "The queue refused this scan."})
    log("scan.accepted", trace, message_id=sent["MessageId"])
    return answer(202, {"message_id": sent["MessageId"]})


def trace_of(event: dict[str, Any]) -> str:
    """The request's trace id, whatever the case of the header's name."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return str(headers.get("x-amzn-trace-id", ""))


def answer(status: int, body: dict[str, str]) -> dict[str, Any]:
    """A proxy integration's response with a JSON body."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def log(step: str, trace: str, **facts: Any) -> None:
    """Print one JSON line: what happened, when (Unix seconds) and on whose behalf."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
