"""Amazon S3."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import is_true, text_of
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import items, mapping, texts
from catalogue.patterns.cloudformation.template import Resource
from catalogue.patterns.services.model import (
    Finding,
    Level,
    Measure,
    Relation,
    ResourceType,
    Service,
    Shell,
    Uses,
    named_by,
)

BUCKET = "AWS::S3::Bucket"
ACCESS_POINT = "AWS::S3::AccessPoint"
OBJECT_LAMBDA = "AWS::S3ObjectLambda::AccessPoint"
CDK_NOTIFICATIONS = "Custom::S3BucketNotifications"
SHELL = Shell(
    arn="arn:aws:s3:::$(resource {id})",
    look='aws s3api list-objects-v2 --bucket "$(resource {id})" --query "length(Contents || \\`[]\\`)" --output text',
    shows="the number of objects, as of now.",
)
_OF_API = (
    ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
    ("QueueConfigurations", "QueueArn"),
    ("TopicConfigurations", "TopicArn"),
)
_BY_METHOD = {"PUT": "PutObject", "POST": "PutObject", "DELETE": "DeleteObject"}
_NOTIFIED = (
    ("LambdaConfigurations", "Function"),
    ("QueueConfigurations", "Queue"),
    ("TopicConfigurations", "Topic"),
)


def notifications(view: View) -> Iterator[Finding]:
    """A bucket reports what happens to its objects to functions, queues and topics, and to the default bus."""
    for bucket in view.stack.of_type(BUCKET):
        notified = mapping(bucket.property("NotificationConfiguration"))
        for key, target in _NOTIFIED:
            for configuration in items(notified.get(key)):
                yield from view.delivery("notification", bucket.id, configuration.get(target), bucket, sender="s3")
        events = notified.get("EventBridgeConfiguration")
        if isinstance(events, dict) and is_true(events.get("EventBridgeEnabled", True)):
            bus = view.stack.named("default", "AWS::Events::EventBus")
            if bus:
                yield Relation("notification", bucket.id, bus, bucket.id)


def notifications_of_cdk(view: View) -> Iterator[Finding]:
    """The AWS CDK sets a bucket's notifications by a custom resource, with the names of the API's request:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html"""
    for made in view.stack.of_type(CDK_NOTIFICATIONS):
        bucket = view.stack.named(made.property("BucketName"), BUCKET)
        notified = mapping(made.property("NotificationConfiguration"))
        if bucket is None:
            continue
        for key, target in _OF_API:
            for configuration in items(notified.get(key)):
                yield from view.delivery("notification", bucket, configuration.get(target), made, sender="s3")
        bus = view.stack.named("default", "AWS::Events::EventBus")
        if bus and "EventBridgeConfiguration" in notified:
            yield Relation("notification", bucket, bus, made.id)


def replications(view: View) -> Iterator[Finding]:
    """A bucket may copy its objects to another, as a role."""
    for bucket in view.stack.of_type(BUCKET):
        replicated = mapping(bucket.property("ReplicationConfiguration"))
        for rule in items(replicated.get("Rules")):
            target = view.stack.find(mapping(rule.get("Destination")).get("Bucket"))
            if target is not None and rule.get("Status") == "Enabled":
                arn = view.stack.arn(target)
                yield from view.delivery(
                    "replication", bucket.id, arn, bucket, sender="s3", role=replicated.get("Role")
                )


def object_lambdas(view: View) -> Iterator[Finding]:
    """An Object Lambda access point asks a function to transform what is read from a bucket."""
    for point in view.stack.of_type(OBJECT_LAMBDA):
        configured = mapping(point.property("ObjectLambdaConfiguration"))
        for transformed in items(configured.get("TransformationConfigurations")):
            for text in texts(transformed):
                if view.stack.find(text):
                    yield Relation("enrichment", point.id, str(view.stack.find(text)), point.id, True)
        bucket = _behind(view, text_of(configured.get("SupportingAccessPoint")))
        if bucket is not None:
            yield Relation("origin", point.id, bucket, point.id, True)


_PUT_CLASS = {
    *("PutObject", "CopyObject", "PostObject", "ListObjects", "ListObjectsV2", "ListBuckets"),
    *("CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "ListObjectVersions"),
}
_FREE = {"DeleteObject", "DeleteObjects", "AbortMultipartUpload"}


def price_of(operation: str, bucket: Resource | None) -> str | None:
    """https://aws.amazon.com/s3/pricing/: PUT, COPY, POST and LIST; deletions and notifications are free, all others
    cost as GET does."""
    if operation in _FREE:
        return None
    return "s3.put-requests" if operation in _PUT_CLASS else "s3.get-requests"


def _behind(view: View, point: str) -> str | None:
    """The bucket of the access point that an ARN names."""
    for one in view.stack.of_type(ACCESS_POINT):
        if point.endswith(f"accesspoint/{view.stack.names[one.id].ref}"):
            return view.stack.named(one.property("Bucket"), BUCKET)
    return view.stack.find(point, BUCKET)


def _by_path(method: str, host: str, segments: list[str]) -> tuple[str, Mapping[str, Any]]:
    """`/bucket/key`, or `/key` at the address of a bucket."""
    operation = _BY_METHOD.get(method, "GetObject")
    return operation, {"Bucket": host or (segments[0] if segments else "")}


SERVICE = Service(
    key="s3",
    name="Amazon S3",
    actions="s3",
    types=(
        ResourceType(
            BUCKET,
            Naming(
                "BucketName",
                "arn:aws:s3:::{name}",
                addresses=(
                    "https://{name}.s3.amazonaws.com",
                    "https://{name}.s3.{region}.amazonaws.com",
                    "http://{name}.s3-website-{region}.amazonaws.com",
                ),
                attributes={
                    "DomainName": "{name}.s3.amazonaws.com",
                    "RegionalDomainName": "{name}.s3.{region}.amazonaws.com",
                    "WebsiteURL": "http://{name}.s3-website-{region}.amazonaws.com",
                },
            ),
            pictured=True,
            noun="a bucket",
            secured=True,
            inner=("/*",),
            shell=SHELL,
        ),
        ResourceType(ACCESS_POINT, Naming("Bucket", "arn:aws:s3:::{name}/{id}", ref="{id}", part=True)),
        ResourceType(OBJECT_LAMBDA, pictured=True),
    ),
    parts=(
        "AWS::S3::BucketPolicy",
        CDK_NOTIFICATIONS,
    ),
    uses=Uses(
        reads=("GetObject", "GetObjectVersion"),
        writes=("PutObject", "DeleteObject", "ReplicateObject"),
    ),
    calls=named_by("Bucket"),
    by_path=_by_path,
    action_of={
        "listobjectsv2": ("ListBucket",),
        "listobjects": ("ListBucket",),
        "headobject": ("GetObject",),
        "deleteobjects": ("DeleteObject",),
        "copyobject": ("PutObject",),
        "createmultipartupload": ("PutObject",),
    },
    measures={
        "objects": Measure((BUCKET,), "objects of a bucket", "object", "in", "{resource} holds {bound}", "object")
    },
    levels={"objects": Level((BUCKET,), "object")},
    price_of=price_of,
    managed={"AmazonS3FullAccess": ("s3:*",), "AmazonS3ReadOnlyAccess": ("s3:get*", "s3:list*")},
    finders=(notifications, notifications_of_cdk, replications, object_lambdas),
)
