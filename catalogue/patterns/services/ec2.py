"""Amazon EC2: instances."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import Caller, ResourceType, Service

INSTANCE = "AWS::EC2::Instance"
PROFILE = "AWS::IAM::InstanceProfile"
_HOSTS = ("{name}.private.ec2.internal", "{name}.compute.amazonaws.com")


def instances(view: View) -> Iterator[Caller]:
    """What an instance runs has the role of its profile, and the texts of its user data."""
    for instance in view.stack.of_type(INSTANCE):
        profile = view.stack.named(instance.property("IamInstanceProfile"), PROFILE)
        roles = view.stack.resources[profile].property("Roles", default=[]) if profile else []
        for name in roles if isinstance(roles, list) else ():
            role = view.stack.named(name, "AWS::IAM::Role")
            if role is not None:
                yield Caller(instance.id, view.stack.arn(role), (text_of(instance.property("UserData")),))


SERVICE = Service(
    key="ec2",
    name="Amazon EC2",
    actions="ec2",
    types=(
        ResourceType(
            INSTANCE,
            Naming(
                arn="arn:aws:ec2:{region}:{account}:instance/{name}",
                addresses=_HOSTS,
                attributes={
                    "PrivateIp": _HOSTS[0],
                    "PrivateDnsName": _HOSTS[0],
                    "PublicIp": _HOSTS[1],
                    "PublicDnsName": _HOSTS[1],
                },
            ),
            pictured=True,
        ),
    ),
    callers=instances,
)
