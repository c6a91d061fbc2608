"""AWS CloudTrail: trails."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import Finding, NotProven, Relation, ResourceType, Service

TRAIL = "AWS::CloudTrail::Trail"


def deliveries(view: View) -> Iterator[Finding]:
    """A trail writes its events to a bucket, and to a log group as a role."""
    for trail in view.stack.of_type(TRAIL):
        bucket = view.stack.named(trail.property("S3BucketName"), "AWS::S3::Bucket")
        if bucket and text_of(trail.property("IsLogging")) == "false":
            yield NotProven("delivery", trail.id, bucket, trail.id, "the trail is not logging")
            continue
        if bucket:
            yield Relation("delivery", trail.id, bucket, trail.id)
        group, role = trail.property("CloudWatchLogsLogGroupArn"), trail.property("CloudWatchLogsRoleArn")
        yield from view.delivery("delivery", trail.id, group, trail, sender="cloudtrail", role=role)


SERVICE = Service(
    key="cloudtrail",
    name="AWS CloudTrail",
    actions="cloudtrail",
    types=(
        ResourceType(TRAIL, Naming("TrailName", "arn:aws:cloudtrail:{region}:{account}:trail/{name}"), pictured=True),
    ),
    finders=(deliveries,),
)
