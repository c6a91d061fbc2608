"""Amazon S3 Express One Zone: directory buckets."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses, named_by

SERVICE = Service(
    key="s3-express",
    name="Amazon S3 Express One Zone",
    actions="s3express",
    types=(
        ResourceType(
            "AWS::S3Express::DirectoryBucket",
            Naming("BucketName", "arn:aws:s3express:{region}:{account}:bucket/{name}"),
            pictured=True,
        ),
    ),
    parts=("AWS::S3Express::BucketPolicy",),
    uses=Uses(writes=("CreateSession",)),
    calls=named_by("Bucket"),
)
