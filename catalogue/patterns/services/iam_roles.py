"""AWS IAM: roles and policies. Nearly every template has some, and they make no service worth a mention."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service

SERVICE = Service(
    key="iam",
    name="AWS IAM",
    actions="iam",
    types=(
        ResourceType("AWS::IAM::Role", Naming("RoleName", "arn:aws:iam::{account}:role/{name}")),
        ResourceType(
            "AWS::IAM::ManagedPolicy",
            Naming("ManagedPolicyName", "arn:aws:iam::{account}:policy/{name}", ref="{arn}"),
        ),
        ResourceType(
            "AWS::IAM::InstanceProfile",
            Naming("InstanceProfileName", "arn:aws:iam::{account}:instance-profile/{name}"),
        ),
    ),
    listed=False,
)
