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
MOST_ARTICLES = 30_000

sqs = boto3.client("sqs")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """202 with the size of the export, 400, 413 if it is too large for SQS, or 503 if it may not have been sent."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    store = event["pathParameters"]["store"]
    if not STORE.fullmatch(store):
        return problem(400, "The name of a store has letters, digits and hyphens, 64 at most")
    articles = articles_in(event.get("body"))
    if articles is None:
        return problem(400, f"Send JSON with a number of articles from 1 to {MOST_ARTICLES}")
    body = lines_of(store, articles)
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
        return problem(503, "It is not certain that the export was sent")
    log("export.sent", trace, **facts)
    answer = {"status": "accepted", "export": export, "bytes": len(body), "sent_bytes": len(body)}
    return {"statusCode": 202, "headers": {"Content-Type": "application/json"}, "body": json.dumps(answer)}


def articles_in(body: str | None) -> int | None:
    """The number of articles, or None. The gateway's model checks application/json, and lets other types through."""
    try:
        sent = json.loads(body or "")
    except (ValueError, RecursionError):
        return None
    match sent:
        case {"articles": int(articles)} if type(articles) is int and 1 <= articles <= MOST_ARTICLES:
            return articles
    return None


def problem(status: int, title: str) -> dict[str, Any]:
    """A proxy integration's response, as problem+json."""
    headers = {"Content-Type": "application/problem+json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"status": status, "title": title})}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
