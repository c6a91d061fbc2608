"""Amazon S3 Files: buckets as file systems that functions mount."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import Finding, ResourceType, Service

SYSTEM = "AWS::S3Files::FileSystem"
_ARN = "arn:aws:s3files:{region}:{account}:file-system/{name}"


def buckets(view: View) -> Iterator[Finding]:
    """A file system keeps its files in a bucket, as a role."""
    for system in view.stack.of_type(SYSTEM):
        bucket, role = system.property("Bucket"), system.property("RoleArn")
        yield from view.delivery("delivery", system.id, bucket, system, sender="s3files", role=role)


SERVICE = Service(
    key="s3-files",
    name="Amazon S3 Files",
    actions="s3files",
    types=(
        ResourceType(SYSTEM, Naming(arn=_ARN, attributes={"FileSystemId": "{name}"}), pictured=True),
        ResourceType(
            "AWS::S3Files::AccessPoint",
            Naming("FileSystemId", _ARN + "/{id}", attributes={"AccessPointArn": _ARN + "/{id}"}, part=True),
        ),
    ),
    parts=("AWS::S3Files::MountTarget",),
    finders=(buckets,),
)
