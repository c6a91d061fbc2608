"""POST /pictures: signs a form with which a customer uploads one picture to the bucket itself."""

import json
import os
import time
import uuid
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

TYPES = ("image/jpeg", "image/png")
LONGEST_SECONDS = 900

s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """201 with a form for the picture that is announced, 400 or 413 for one that is not taken, or 503."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    asked = picture_in(event["body"])
    if asked is None:
        return answer(400, {"status": 400, "title": "A picture has a type and a number of bytes"}, "problem+json")
    most = int(os.environ["MOST_BYTES"])
    if asked["bytes"] > most:
        return answer(413, {"status": 413, "title": f"A picture has at most {most} bytes"}, "problem+json")
    picture = str(uuid.uuid4())
    form = key_for(picture, asked)
    row = {"picture": picture, "status": "expected", "trace": trace}  # an event of S3 has no trace ID
    try:
        dynamodb.put_item(
            TableName=os.environ["PICTURES_TABLE"], Item={name: {"S": text} for name, text in row.items()}
        )
    except (ClientError, BotoCoreError) as error:
        log("key.not.given", trace, picture=picture, error=str(error))
        return answer(503, {"status": 503, "title": "The picture was not noted. Try again"}, "problem+json")
    log("key.given", trace, picture=picture, bytes=asked["bytes"], seconds=asked["seconds"])
    return answer(201, {"picture": picture, "seconds": asked["seconds"], "upload": form}, "json")


# region key
def key_for(picture: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Address and fields of a form. S3 takes it for this key, this type and so many bytes, and for so many seconds."""
    form: dict[str, Any] = s3.generate_presigned_post(
        Bucket=os.environ["PICTURES_BUCKET"],
        Key=f"uploads/{picture}",
        Fields={"Content-Type": asked["type"]},
        Conditions=[{"Content-Type": asked["type"]}, ["content-length-range", 1, asked["bytes"]]],
        ExpiresIn=asked["seconds"],
    )
    return form


# endregion


def picture_in(body: str | None) -> dict[str, Any] | None:
    """Type, bytes and seconds, or None. The API's model checks JSON alone, and another content type passes it by."""
    try:
        asked = json.loads(body or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(asked, dict):
        return None
    seconds = asked.get("seconds", int(os.environ["KEY_SECONDS"]))
    whole = type(asked.get("bytes")) is int and type(seconds) is int
    if asked.get("type") in TYPES and whole and asked["bytes"] >= 1 and 1 <= seconds <= LONGEST_SECONDS:
        return {"type": asked["type"], "bytes": asked["bytes"], "seconds": seconds}
    return None


def answer(status: int, body: dict[str, Any], kind: str) -> dict[str, Any]:
    """A proxy integration's response."""
    headers = {"Content-Type": f"application/{kind}", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
