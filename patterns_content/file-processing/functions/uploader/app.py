"""POST /files: stores a file in the bucket. What happens next is up to the bucket's events."""

import json
import os
import re
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

MOST_CHARACTERS = 100_000
NAME = re.compile(r"[^/\x00-\x1f]{1,100}")

s3 = boto3.client("s3")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """202 with the key of the object, 400 for what is no file, or 503 if it was not stored."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    sent = file_in(event["body"])
    if sent is None:
        return answer(400, {"status": 400, "title": "A file has a name without slashes and a text"}, "problem+json")
    name, text = sent
    key = f"incoming/{name}"
    try:
        s3.put_object(
            Bucket=os.environ["INCOMING_BUCKET"],
            Key=key,
            Body=text.encode(errors="replace"),
            ContentType="text/csv",
            Metadata={"trace": trace},  # an event of S3 has no trace ID, so the object carries it
        )
    except (ClientError, BotoCoreError) as error:
        log("file.not.stored", trace, key=key, error=str(error))
        return answer(503, {"status": 503, "title": "The file was not stored. Try again"}, "problem+json")
    log("file.stored", trace, key=key)
    return answer(202, {"status": "stored", "key": key}, "json")


def file_in(body: str | None) -> tuple[str, str] | None:
    """Name and text, or None. The API's model checks JSON alone, and a content type of another name passes it by."""
    try:
        match json.loads(body or ""):
            case {"name": str(name), "csv": str(text)} if NAME.fullmatch(name) and len(text) <= MOST_CHARACTERS:
                name.encode()  # half a surrogate pair cannot be a key
                return name, text
    except (ValueError, RecursionError):
        return None
    return None


def answer(status: int, body: dict[str, Any], kind: str) -> dict[str, Any]:
    """A proxy integration's response."""
    headers = {"Content-Type": f"application/{kind}"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
