"""Amazon GuardDuty: malware protection of buckets."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import Finding, Relation, ResourceType, Service

PLAN = "AWS::GuardDuty::MalwareProtectionPlan"


def scans(view: View) -> Iterator[Finding]:
    """A plan reads the objects that come into a bucket."""
    for plan in view.stack.of_type(PLAN):
        name = plan.property("ProtectedResource", "S3Bucket", "BucketName")
        bucket = view.stack.named(name, "AWS::S3::Bucket")
        if bucket is not None:
            yield Relation("ingestion", bucket, plan.id, plan.id)


SERVICE = Service(
    key="guardduty",
    name="Amazon GuardDuty",
    actions="guardduty",
    types=(
        ResourceType(
            PLAN, Naming(arn="arn:aws:guardduty:{region}:{account}:malware-protection-plan/{name}"), pictured=True
        ),
    ),
    parts=("AWS::GuardDuty::Detector",),
    finders=(scans,),
)
