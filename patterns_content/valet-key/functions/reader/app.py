"""GET /pictures/{picture}: what became of a picture, and an address for reading it."""

import json
import os
import time
from typing import Any
from urllib.parse import unquote

import boto3
from botocore.config import Config

s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 with the picture's status, and with a presigned address if it has arrived; 404 for an unknown one."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    picture = unquote(event["pathParameters"]["picture"])
    row = dynamodb.get_item(
        TableName=os.environ["PICTURES_TABLE"], Key={"picture": {"S": picture}}, ConsistentRead=True
    ).get("Item")
    status = row["status"]["S"] if row else None
    log("picture.read", headers.get("x-amzn-trace-id"), picture=picture, status=status)
    if row is None:
        return answer(404, {"status": 404, "title": "There is no such picture"}, "problem+json")
    shown: dict[str, Any] = {"picture": picture, "status": status}
    if "bytes" in row:
        shown["bytes"] = int(row["bytes"]["N"])
    if status == "arrived":
        shown["download"] = address_of(picture)
    return answer(200, shown, "json")


# region address
def address_of(picture: str) -> str:
    """An address that reads this one object until it expires. Browsers save what it gives and do not show it."""
    address: str = s3.generate_presigned_url(
        "get_object",
        Params={
            "Bucket": os.environ["PICTURES_BUCKET"],
            "Key": f"uploads/{picture}",
            "ResponseContentDisposition": "attachment",
        },
        ExpiresIn=int(os.environ["KEY_SECONDS"]),
    )
    return address


# endregion


def answer(status: int, body: dict[str, Any], kind: str) -> dict[str, Any]:
    """A proxy integration's response. An address with a signature is not for caches."""
    headers = {"Content-Type": f"application/{kind}", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
