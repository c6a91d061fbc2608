"""Claims and their objects: the worker builds each key itself and believes no size before it has checked it."""

import hashlib
import json
import os
import re
from typing import Any

import boto3

MOST_BYTES = 20 * 1024 * 1024
"""What fits into the worker's memory several times."""
IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
STORE = re.compile(r"[A-Za-z0-9-]{1,64}")

s3 = boto3.client("s3")


class CannotBook(Exception):
    """A retry would not change this."""


class Gone(CannotBook):
    """The export is not in the bucket."""


# region claim_in
def claim_in(body: str) -> dict[str, Any]:
    """The claim. It has an identifier and neither a bucket nor a key, so no message can point the worker elsewhere."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CannotBook(f"the message is not JSON: {error}") from error
    match sent:
        case {"store": str(store), "export": str(export), "bytes": int(size), "sha256": str(digest)}:
            if STORE.fullmatch(store) and IDENTIFIER.fullmatch(export) and 0 <= size <= MOST_BYTES:
                return {"store": store, "export": export, "bytes": size, "sha256": digest}
    raise CannotBook("not a claim: it needs a store, an export, a size up to 20 MB and a checksum")


def place_of(claim: dict[str, Any]) -> dict[str, str]:
    """Where the export of a claim is: in the worker's own bucket, under the prefix that its role may read."""
    return {"Bucket": os.environ["EXPORT_BUCKET"], "Key": f"exports/{claim['export']}"}


# endregion


# region fetch
def fetch(claim: dict[str, Any]) -> bytes:
    """The export. `Gone` if there is none, `CannotBook` if it is not what the claim says; ClientError from S3."""
    try:
        found = s3.get_object(**place_of(claim))
    except s3.exceptions.NoSuchKey as error:
        raise Gone("the export is not in the bucket") from error
    if found["ContentLength"] != claim["bytes"]:
        raise CannotBook(f"the export has {found['ContentLength']} bytes, and the claim says {claim['bytes']}")
    body: bytes = found["Body"].read()
    if hashlib.sha256(body).hexdigest() != claim["sha256"]:
        raise CannotBook("the export's checksum is not the claim's")
    return body


# endregion


def release(claim: dict[str, Any]) -> None:
    """Delete the object. S3 answers the same if it is gone already."""
    s3.delete_object(**place_of(claim))
