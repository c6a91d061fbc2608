"""Taking a permission from a function and giving it back: an explicit Deny on its execution role.

A Deny outweighs every Allow, so the template's own policies stay as they are and the inverse is to delete one policy.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING

from catalogue.labs.services.iam import POLICY_PREFIX, ROLE
from catalogue.labs.services.operating import OperationFailed, Stack, cli
from catalogue.labs.services.registry import lab_services

if TYPE_CHECKING:  # see `services.model`
    from catalogue.patterns.content.schemas.pattern import Operation

_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9]+")


def revoke_permission(stack: Stack, operation: Operation) -> str:
    """Deny the function the IAM action `name` on the resource `to`."""
    action, resources = _action(operation), resource_arns(stack, operation.to)
    role = role_of(stack, operation.resource)
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": action, "Resource": resources}],
    }
    command = cli(
        "iam put-role-policy",
        role_name=role,
        policy_name=policy_name(operation),
        policy_document=document,
    )
    stack.client("iam").put_role_policy(
        RoleName=role, PolicyName=policy_name(operation), PolicyDocument=json.dumps(document)
    )
    return command


def restore_permission(stack: Stack, operation: Operation) -> str:
    """Delete the denial; harmless where there is none."""
    role, name = role_of(stack, operation.resource), policy_name(operation)
    iam = stack.client("iam")
    with contextlib.suppress(iam.exceptions.NoSuchEntityException):
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    return cli("iam delete-role-policy", role_name=role, policy_name=name)


def policy_name(operation: Operation) -> str:
    """`lever-deny-dynamodb-PutItem-OrdersTable`: the same for a denial and its inverse."""
    return f"{POLICY_PREFIX}{_action(operation).replace(':', '-')}-{operation.to}"[:128]


def role_of(stack: Stack, function: str) -> str:
    """The name of the function's execution role, which must belong to this very stack. Raises OperationFailed."""
    found = stack.client("lambda").get_function_configuration(FunctionName=stack.physical(function))
    role = str(found.get("Role", "")).rpartition("/")[2]
    if role not in stack.names_of(ROLE):
        raise OperationFailed(f"The role of {function} is not one of this stack's own.")
    return role


def resource_arns(stack: Stack, logical: str | None) -> list[str]:
    """The ARNs by which IAM knows a resource. Raises OperationFailed for a type that no lever speaks of."""
    physical = stack.physical(logical)
    type = stack.resources[logical or ""].type
    arns = lab_services().arns.get(type)
    if arns is None:
        raise OperationFailed(f"No permission on {logical}, of the type {type}, can be taken.")
    return arns(stack.client, physical)


def _action(operation: Operation) -> str:
    if operation.name is None or not _ACTION.fullmatch(operation.name):
        raise OperationFailed(f"{operation.name!r} is no IAM action, such as dynamodb:PutItem.")
    return operation.name
