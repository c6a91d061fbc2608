"""Amazon Pinpoint: applications that send messages."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses, named_by

SERVICE = Service(
    key="pinpoint",
    name="Amazon Pinpoint",
    actions="mobiletargeting",
    types=(
        ResourceType(
            "AWS::Pinpoint::App", Naming(arn="arn:aws:mobiletargeting:{region}:{account}:apps/{name}"), pictured=True
        ),
    ),
    parts=(
        "AWS::Pinpoint::SMSChannel",
        "AWS::Pinpoint::EmailChannel",
        "AWS::Pinpoint::Segment",
        "AWS::Pinpoint::Campaign",
    ),
    uses=Uses(writes=("SendMessages", "SendUsersMessages", "PutEvents")),
    api=("pinpoint",),
    calls=named_by("ApplicationId"),
)
