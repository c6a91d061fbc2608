"""IAM in labs: roles, and the denials that levers put on them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from catalogue.labs.services.model import ClientOf, LabService

if TYPE_CHECKING:  # see `model`
    from catalogue.labs.targets.base import Resources

ROLE = "AWS::IAM::Role"
POLICY_PREFIX = "lever-deny-"
"""What the name of a denial begins with."""


def delete_denials(client: ClientOf, resources: Resources) -> None:
    """Delete what levers have put on the stack's roles: CloudFormation deletes no role that holds another policy.

    May run twice.
    """
    iam = client("iam")
    for resource in resources.values():
        if resource.type != ROLE:
            continue
        with contextlib.suppress(iam.exceptions.NoSuchEntityException):
            for name in iam.list_role_policies(RoleName=resource.id)["PolicyNames"]:
                if name.startswith(POLICY_PREFIX):
                    iam.delete_role_policy(RoleName=resource.id, PolicyName=name)


def delete_role(client: ClientOf, name: str) -> None:
    """A role is deleted only once its policies are. Raises ClientError."""
    iam = client("iam")
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


SERVICE = LabService(
    key="iam",
    before_delete_aws=delete_denials,
    on_aws=("AWS::IAM::Policy", ROLE),
    has_boundary=(ROLE,),
)
