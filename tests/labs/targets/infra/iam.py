"""As much of IAM's evaluation as the sandbox's policies use: Allow and Deny, wildcards, and a few conditions.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

ACCOUNT, REGION, PREFIX, SITE_PRINCIPAL = (
    "123456789012",
    "eu-central-1",
    "patterns-lab",
    "arn:aws:iam::210987654321:role/web",
)

_KNOWN = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "StackPrefix": PREFIX,
    "SitePrincipal": SITE_PRINCIPAL,
    "ExternalId": "0123456789abcdef",
    "AlertEmail": "ops@example.org",
    "MonthlyBudget": 20,
    "GatewayAccount": "yes",
    "Artifacts": f"{PREFIX}-{ACCOUNT}-{REGION}",
    "Artifacts.Arn": f"arn:aws:s3:::{PREFIX}-{ACCOUNT}-{REGION}",
    "Boundary": f"arn:aws:iam::{ACCOUNT}:policy/{PREFIX}-boundary",
    "SitePolicy": f"arn:aws:iam::{ACCOUNT}:policy/{PREFIX}-site",
    "SiteSweeping": f"arn:aws:iam::{ACCOUNT}:policy/{PREFIX}-site-sweeping",
    "NoNewLabs": f"arn:aws:iam::{ACCOUNT}:policy/{PREFIX}-no-new-labs",
    "StackRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-cloudformation",
    "SiteRole": f"{PREFIX}-site",
    "SiteRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-site",
}
BOUNDARY = str(_KNOWN["Boundary"])
STACK_ROLE = str(_KNOWN["StackRole.Arn"])

type Statements = list[Mapping[str, Any]]


def resolved(value: Any) -> Any:
    """The value with Ref, GetAtt and Sub replaced; raises KeyError for what this module does not know."""
    if isinstance(value, Mapping):
        if set(value) == {"Ref"}:
            return _KNOWN[value["Ref"]]
        if set(value) == {"Fn::GetAtt"}:
            parts = value["Fn::GetAtt"]
            return _KNOWN[parts if isinstance(parts, str) else ".".join(parts)]
        if set(value) == {"Fn::Sub"}:
            return re.sub(r"\$\{([\w:.]+)\}", lambda match: str(_KNOWN[match[1]]), value["Fn::Sub"])
        return {key: resolved(one) for key, one in value.items()}
    if isinstance(value, list):
        return [resolved(one) for one in value]
    return value


def allowed(statements: Statements, action: str, resource: str, context: Mapping[str, Any] | None = None) -> bool:
    """Whether an identity with these statements may do it: some statement allows it, and none denies it."""
    applying = [one["Effect"] for one in statements if _applies(one, action, resource, context or {})]
    return "Allow" in applying and "Deny" not in applying


def _applies(statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, Any]) -> bool:
    return (
        any(_like(action.lower(), pattern.lower()) for pattern in _list(statement["Action"]))
        and any(_like(resource, pattern) for pattern in _list(statement["Resource"]))
        and all(
            _holds(operator, context.get(key), _list(wanted))
            for operator, pairs in statement.get("Condition", {}).items()
            for key, wanted in pairs.items()
        )
    )


def _holds(operator: str, value: Any, wanted: list[Any]) -> bool:
    match operator:
        case "Null":
            return (value is None) == (str(wanted[0]).lower() == "true")
        case "StringEquals":
            return value in wanted
        case "ArnLike" | "ArnEquals":
            return value is not None and any(_like(value, pattern) for pattern in wanted)
    raise AssertionError(f"{operator} is not known here")


def _like(text: str, pattern: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text) is not None


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]
