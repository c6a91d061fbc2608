"""POST /files: stores a file in the bucket. What happens next is up to the bucket's events."""

import json
import os
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

s3 = boto3.client("s3")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """202 with the key of the object, or 503 if it was not stored."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    sent = json.loads(event["body"])
    key = f"incoming/{sent['name']}"
    try:
        s3.put_object(
            Bucket=os.environ["INCOMING_BUCKET"],
            Key=key,
            Body=sent["csv"].encode(errors="replace"),
            ContentType="text/csv",
            Metadata={"trace": trace},  # an event of S3 has no trace ID, so the object carries it
        )
    except (ClientError, BotoCoreError) as error:
        log("file.not.stored", trace, key=key, error=str(error))
        return answer(503, {"status": 503, "title": "The file was not stored. Try again"}, "problem+json")
    log("file.stored", trace, key=key)
    return answer(202, {"status": "stored", "key": key}, "json")


def answer(status: int, body: dict[str, Any], kind: str) -> dict[str, Any]:
    """A proxy integration's response."""
    headers = {"Content-Type": f"application/{kind}"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
