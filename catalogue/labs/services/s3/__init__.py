"""S3 buckets in labs: counts of objects and of requests, lifecycle rules, and emptying before deletion."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from catalogue.labs.embedded.counting.counter import Counter
from catalogue.labs.embedded.counting.usage_caller import count_requests
from catalogue.labs.services.contents import MOST_ENTRIES, Contents, Entry, bounded, moment
from catalogue.labs.services.deployed import number, of_type
from catalogue.labs.services.model import ClientOf, LabService, Leftover, Template
from catalogue.labs.services.s3.presigned import PRESIGNED

if TYPE_CHECKING:  # see `model`
    from catalogue.labs.targets.base import Resources, Target

BUCKET = "AWS::S3::Bucket"
_MOST_DELETED = 1000
"""Objects in one request: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


def count_objects(client: ClientOf, bucket: str) -> Mapping[str, int]:
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {"objects": sum(page.get("KeyCount", 0) for page in pages)}


def list_objects(target: Target, bucket: str) -> Contents:
    """The first objects by key; what is in them is not read."""
    page = target.client("s3").list_objects_v2(Bucket=bucket, MaxKeys=MOST_ENTRIES)
    entries = (
        Entry(one["Key"], facts=(f"{one['Size']:,} bytes", moment(one["LastModified"])))
        for one in page.get("Contents", ())
    )
    return bounded("Objects", entries, more=bool(page.get("IsTruncated")))


def arns(_client: ClientOf, bucket: str) -> list[str]:
    """The bucket's own, and that of its objects. Names are unique in a partition, so the ARN has no account."""
    return [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]


def restore(client: ClientOf, template: Template, resources: Resources) -> None:
    """The emulator's CloudFormation drops a bucket's lifecycle rules. Found with MiniStack 1.5.33."""
    for logical, properties in of_type(template, BUCKET):
        rules = (properties.get("LifecycleConfiguration") or {}).get("Rules") or ()
        expiring = [rule for rule in rules if rule.get("ExpirationInDays") is not None]
        if expiring:
            client("s3").put_bucket_lifecycle_configuration(
                Bucket=resources[logical].id,
                LifecycleConfiguration={"Rules": [_expiry(logical, rule) for rule in expiring]},
            )


def _expiry(logical: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    """The rule as the API takes it. Raises ValueError."""
    named = {"ID": str(rule["Id"])} if rule.get("Id") else {}
    return {
        **named,
        "Status": str(rule.get("Status", "Enabled")),
        "Filter": {"Prefix": str(rule.get("Prefix", ""))},
        "Expiration": {"Days": number(logical, rule, "ExpirationInDays")},
    }


def empty(client: ClientOf, resources: Resources) -> None:
    """CloudFormation deletes no bucket that holds objects."""
    for resource in resources.values():
        if resource.type == BUCKET:
            _empty(client, resource.id)


def _empty(client: ClientOf, bucket: str) -> None:
    storage = client("s3")
    while found := storage.list_objects_v2(Bucket=bucket, MaxKeys=_MOST_DELETED).get("Contents"):
        keys = [{"Key": one["Key"]} for one in found]
        storage.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


def delete(client: ClientOf, arn: str) -> None:
    bucket = arn.rpartition(":")[2]
    _empty(client, bucket)
    client("s3").delete_bucket(Bucket=bucket)


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
    contents={BUCKET: list_objects},
    levels=("objects",),
    measures={"objects": ("objects",)},
    arns={BUCKET: arns},
    presigned={BUCKET: PRESIGNED},
    counted=(BUCKET,),
    uses=frozenset(
        {
            *("CopyObject", "PutObject", "CreateMultipartUpload", "CompleteMultipartUpload", "DeleteObjects"),
            *("PostObject", "DeleteObject", "HeadObject", "HeadBucket", "GetObject", "ListObjectsV2"),
        }
    ),
    count=count,
    restore=restore,
    before_delete_aws=empty,
    on_aws=(BUCKET, "AWS::S3::BucketPolicy"),
    leftovers=(Leftover(re.compile(r"arn:[^:]+:s3:::[^/]+"), delete),),
)
