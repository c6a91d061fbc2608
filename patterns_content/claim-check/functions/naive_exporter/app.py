"""POST /stores/{store}/exports, the naive twin: the message carries the export."""

import json
import os
import re
import time
import uuid
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from counting import lines_of

STORE = re.compile(r"[A-Za-z0-9-]{1,64}")

sqs = boto3.client("sqs")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """202 with the size of the export, 413 if SQS finds it too large, or 503 if it was not sent."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    store = event["pathParameters"]["store"]
    if not STORE.fullmatch(store):
        return problem(400, "The name of a store has letters, digits and hyphens, 64 at most")
    body = lines_of(store, json.loads(event["body"])["articles"])
    export = str(uuid.uuid4())
    facts = {"store": store, "export": export, "bytes": len(body)}
    attributes = {"store": store, "export": export, "trace": f"trace:{trace}"}
    try:
        sqs.send_message(
            QueueUrl=os.environ["EXPORT_QUEUE_URL"],
            MessageBody=body.decode(),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )
    except (ClientError, BotoCoreError) as error:
        log("export.not.sent", trace, error=str(error), **facts)
        if "must be shorter" in str(error) or "InvalidMessageContents" in str(error):
            return problem(413, "The export is too large for a message")
        return problem(503, "The export was not sent. Try again")
    log("export.sent", trace, **facts)
    answer = {"status": "accepted", "export": export, "bytes": len(body), "sent_bytes": len(body)}
    return {"statusCode": 202, "headers": {"Content-Type": "application/json"}, "body": json.dumps(answer)}


def problem(status: int, title: str) -> dict[str, Any]:
    """A proxy integration's response, as problem+json."""
    headers = {"Content-Type": "application/problem+json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"status": status, "title": title})}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
