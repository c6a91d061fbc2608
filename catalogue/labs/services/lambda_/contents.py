"""What a function may do: the statements of its role, as they are deployed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from catalogue.labs.services.contents import Contents, Entry, bounded, in_json

if TYPE_CHECKING:  # see `services.model`
    from catalogue.labs.targets.base import Target


def read(target: Target, name: str) -> Contents:
    function = target.client("lambda").get_function_configuration(FunctionName=name)
    role = function["Role"].rpartition("/")[2]
    iam = target.client("iam")
    settings = {
        "Runtime": function.get("Runtime"),
        "MemorySize": function["MemorySize"],
        "Timeout": function["Timeout"],
    }
    entries = [Entry("Settings", in_json({key: value for key, value in settings.items() if value is not None}))]
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        entries.append(Entry(f"Policy {policy}", in_json(_statements(document)), ("inline",)))
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    entries += [Entry(f"Policy {policy['PolicyName']}", policy["PolicyArn"], ("managed",)) for policy in attached]
    return bounded("Settings and permissions", entries)


def _statements(document: Any) -> Any:
    """boto3 returns the document as a value; an emulator may return it as text, encoded as IAM sends it."""
    parsed = json.loads(unquote(document)) if isinstance(document, str) else document
    return parsed.get("Statement", parsed)
