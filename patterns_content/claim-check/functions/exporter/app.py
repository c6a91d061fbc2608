"""POST /stores/{store}/exports: stores the export in the bucket, then sends its claim to the queue."""

import hashlib
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

s3 = boto3.client("s3")
sqs = boto3.client("sqs")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """202 with the claim's identifier and the size of the export, 400, or 503 if it may not have been sent."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    store = event["pathParameters"]["store"]
    if not STORE.fullmatch(store):
        return problem(400, "The name of a store has letters, digits and hyphens, 64 at most")
    articles = articles_in(event.get("body"))
    if articles is None:
        return problem(400, f"Send JSON with a number of articles from 1 to {MOST_ARTICLES}")
    body = lines_of(store, articles)
    try:
        claim = check_in(store, body, trace)
    except (ClientError, BotoCoreError) as error:
        log("export.not.sent", trace, store=store, error=str(error))
        return problem(503, "It is not certain that the export was sent")
    facts = {"store": store, "export": claim["export"], "bytes": claim["bytes"], "sent_bytes": size_of(claim)}
    answer = json.dumps({"status": "accepted", **facts})
    return {"statusCode": 202, "headers": {"Content-Type": "application/json"}, "body": answer}


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


# region check_in
def check_in(store: str, body: bytes, trace: str) -> dict[str, Any]:
    """Store the body, and only then send the claim: a claim in the queue always has its object."""
    export = str(uuid.uuid4())
    claim = {"store": store, "export": export, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    place = {"Bucket": os.environ["EXPORT_BUCKET"], "Key": f"exports/{export}"}
    s3.put_object(**place, Body=body, ContentType="application/x-ndjson")
    log("export.stored", trace, store=store, export=export, bytes=len(body))
    try:
        sqs.send_message(
            QueueUrl=os.environ["CLAIM_QUEUE_URL"],
            MessageBody=json.dumps(claim),
            MessageAttributes={"trace": {"DataType": "String", "StringValue": f"trace:{trace}"}},
        )
    except ClientError as error:
        if was_refused(error):  # in every other case the claim may be in the queue, so the object stays
            s3.delete_object(**place)
        raise
    log("claim.sent", trace, store=store, export=export, bytes=size_of(claim))
    return claim


def was_refused(error: ClientError) -> bool:
    """Whether SQS certainly has no claim: its answer to the first attempt was a refusal, and no failure of its own."""
    metadata = error.response["ResponseMetadata"]
    return metadata["HTTPStatusCode"] < 500 and metadata["RetryAttempts"] == 0


# endregion


def size_of(claim: dict[str, Any]) -> int:
    """Bytes of the message's body."""
    return len(json.dumps(claim).encode())


def problem(status: int, title: str) -> dict[str, Any]:
    """A proxy integration's response, as problem+json."""
    headers = {"Content-Type": "application/problem+json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"status": status, "title": title})}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
