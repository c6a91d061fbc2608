"""POST /pictures and GET /pictures/{picture}, the naive twin: the bytes of each picture go through the function."""

import base64
import json
import os
import time
import uuid
from typing import Any
from urllib.parse import unquote

import boto3

s3 = boto3.client("s3")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """201 with the new picture, 200 with the bytes of one, or 404."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = headers.get("x-amzn-trace-id", "")
    if event["httpMethod"] == "POST":
        return store(event, headers.get("content-type", "image/jpeg"), trace)
    return fetch(unquote(event["pathParameters"]["picture"]), trace)


def store(event: dict[str, Any], kind: str, trace: str) -> dict[str, Any]:
    """Take what was sent for a picture, whatever it is."""
    body = event["body"] or ""
    content = base64.b64decode(body) if event["isBase64Encoded"] else body.encode()
    picture = str(uuid.uuid4())
    bucket = os.environ["PICTURES_BUCKET"]
    s3.put_object(Bucket=bucket, Key=f"uploads/{picture}", Body=content, ContentType=kind)
    log("picture.stored", trace, picture=picture, bytes=len(content))
    return answer(201, {"picture": picture, "bytes": len(content)})


def fetch(picture: str, trace: str) -> dict[str, Any]:
    """The picture as Base64, which is how a function answers with bytes."""
    try:
        found = s3.get_object(Bucket=os.environ["PICTURES_BUCKET"], Key=f"uploads/{picture}")
    except s3.exceptions.NoSuchKey:
        return answer(404, {"status": 404, "title": "There is no such picture"})
    content = found["Body"].read()
    log("picture.fetched", trace, picture=picture, bytes=len(content))
    return {
        "statusCode": 200,
        "headers": {"Content-Type": found["ContentType"]},
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
    }


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
