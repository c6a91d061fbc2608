"""S3 buckets in labs: how many objects they hold, and the counting of requests."""

from collections.abc import Mapping
from typing import Any

from catalogue.labs.embedded.counting.counter import Counter
from catalogue.labs.embedded.counting.usage_caller import count_requests
from catalogue.labs.services.model import ClientOf, LabService

BUCKET = "AWS::S3::Bucket"


def count_objects(client: ClientOf, bucket: str) -> Mapping[str, int]:
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {"objects": sum(page.get("KeyCount", 0) for page in pages)}


def count(counter: Counter) -> None:
    from ministack.services import s3

    def objects(method: str, path: str, headers: dict[str, str], _body: bytes, query: dict[str, Any]) -> None:
        bucket, _, key = path.strip("/").partition("/")
        if bucket:
            counter.add("s3", bucket, operation_of(method, key, headers, query))

    count_requests(s3, objects)


def operation_of(method: str, key: str, headers: dict[str, str], query: dict[str, Any]) -> str:
    """The name of the S3 operation that a request asks for, as far as its price depends on it."""
    match method, bool(key):
        case "PUT", True:
            return "CopyObject" if "x-amz-copy-source" in headers else "PutObject"
        case "POST", True:
            return "CreateMultipartUpload" if "uploads" in query else "CompleteMultipartUpload"
        case "POST", False:
            return "DeleteObjects" if "delete" in query else "PostObject"
        case "DELETE", _:
            return "DeleteObject"
        case "HEAD", _:
            return "HeadObject" if key else "HeadBucket"
        case "GET", True:
            return "GetObject"
    return "ListObjectsV2"


SERVICE = LabService(
    key="s3",
    gauges={BUCKET: count_objects},
    levels=("objects",),
    counted=(BUCKET,),
    uses=frozenset(
        {
            *("CopyObject", "PutObject", "CreateMultipartUpload", "CompleteMultipartUpload", "DeleteObjects"),
            *("PostObject", "DeleteObject", "HeadObject", "HeadBucket", "GetObject", "ListObjectsV2"),
        }
    ),
    count=count,
)
