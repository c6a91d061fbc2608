"""Who may do what in a stack: statements of roles and of resources, and what they allow.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
An allowing statement's conditions count as met, apart from those on `aws:SourceArn`; a denying one with a condition
counts as not met. What they depend on is known only when a request is made.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.stack import Stack, items

_ATTACHED = ("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy")
Reach = Literal["named", "any"]
"""Whether a statement names the resource itself, or only a pattern that many would fit."""


@dataclass(frozen=True)
class Statement:
    allows: bool
    actions: tuple[str, ...]
    """Lower case, with wildcards: `sqs:send*`."""
    excluded: tuple[str, ...]
    """NotAction."""
    resources: tuple[str, ...]
    """ARNs with wildcards."""
    principals: tuple[str, ...]
    """Services and ARNs; empty in a policy of a role."""
    made_by: str
    """Id of the resource that holds the statement."""
    sources: tuple[str, ...] = ()
    """Patterns of `aws:SourceArn`; empty if any source will do."""

    def covers(self, action: str) -> bool:
        action = action.lower()
        if self.excluded:
            return not any(fnmatchcase(action, pattern) for pattern in self.excluded)
        return any(fnmatchcase(action, pattern) for pattern in self.actions)

    def reaches(self, arn: str, name: str) -> Reach | None:
        """How the statement's Resource fits the ARN, or something inside it (a bucket's objects, an API's stage)."""
        fitting = [
            pattern
            for pattern in self.resources
            if _fits(arn, pattern) or pattern.startswith((f"{arn}/", f"{arn}:")) or _fits(f"{arn}/x", pattern)
        ]
        if not fitting:
            return None
        return "named" if any(name in pattern for pattern in fitting) else "any"


def _fits(arn: str, pattern: str) -> bool:
    """Whether an ARN fits a pattern with IAM's two wildcards."""
    return fnmatchcase(arn, pattern.replace("[", "[[]"))


def reach(statements: Iterable[Statement], action: str, arn: str, name: str) -> Reach | None:
    """How the statements allow the action on the resource; None if they do not, or one denies it."""
    found: set[Reach | None] = set()
    for statement in statements:
        if statement.covers(action):
            how = statement.reaches(arn, name)
            if how and not statement.allows:
                return None
            found.add(how)
    return "named" if "named" in found else "any" if "any" in found else None


def role_of(stack: Stack, arn: Any) -> str | None:
    """The role of the template that an ARN names; None for one from outside."""
    return stack.find(arn, "AWS::IAM::Role")


def role_statements(stack: Stack, role: str, managed: Mapping[str, tuple[str, ...]]) -> list[Statement]:
    """All statements of a role. `managed` are the actions of AWS's own policies by name."""
    resource, names = stack.resources[role], stack.names[role]
    found: list[Statement] = []
    for policy in items(resource.property("Policies")):
        found += statements(policy.get("PolicyDocument"), role)
    arns = resource.property("ManagedPolicyArns")
    for arn in arns if isinstance(arns, list) else []:
        name = text_of(arn).rpartition("/")[2]
        if name in managed:
            found.append(Statement(True, managed[name], (), ("*",), (), role))
        elif (own := stack.find(arn, "AWS::IAM::ManagedPolicy")) is not None:
            found += statements(stack.resources[own].property("PolicyDocument"), own)
    for attached in stack.of_type(*_ATTACHED):
        roles = attached.property("Roles", default=[attached.property("RoleName")])
        if any(text_of(one) in (names.name, names.arn) for one in (roles if isinstance(roles, list) else [roles])):
            found += statements(attached.property("PolicyDocument"), attached.id)
    return found


def resource_statements(stack: Stack, id: str, type: str, key: str) -> list[Statement]:
    """The statements of policies of the resource-based `type` whose property `key` names the resource."""
    return [
        statement
        for policy in stack.of_type(type)
        if any(stack.named(name, stack.resources[id].type) == id for name in _list(policy.property(key)))
        for statement in statements(policy.property("PolicyDocument"), policy.id)
    ]


def statements(document: Any, made_by: str) -> Iterator[Statement]:
    """The statements of a policy document."""
    if not isinstance(document, Mapping):
        return
    for body in items(document.get("Statement")):
        allows = body.get("Effect") == "Allow"
        if body.get("Condition") and not allows:
            continue
        yield Statement(
            allows,
            tuple(text_of(action).lower() for action in _list(body.get("Action"))),
            tuple(text_of(action).lower() for action in _list(body.get("NotAction"))),
            tuple(text_of(arn) for arn in _list(body.get("Resource", "*" if "Principal" in body else None))),
            tuple(_principals(body.get("Principal"))),
            made_by,
            tuple(_source_arns(body.get("Condition"))),
        )


def _source_arns(condition: Any) -> Iterator[str]:
    for operator, keys in condition.items() if isinstance(condition, Mapping) else ():
        if (
            isinstance(keys, Mapping)
            and operator.lower().startswith(("arn", "string"))
            and "not" not in operator.lower()
        ):
            for key, value in keys.items():
                if key.lower() == "aws:sourcearn":
                    yield from (text_of(one) for one in _list(value))


def _principals(value: Any) -> Iterator[str]:
    for inner in value.values() if isinstance(value, Mapping) else [value]:
        for one in _list(inner):
            yield text_of(one)


def admits(found: Iterable[Statement], principal: str, action: str, source: str) -> bool:
    """Whether the resource's own policy lets a service (`sns.amazonaws.com`) act on it for the resource with the ARN
    `source`, and no statement denies it."""
    ours = [
        statement
        for statement in found
        if statement.covers(action)
        and any(one in ("*", principal) for one in statement.principals)
        and (not statement.sources or any(comes_from(source, pattern) for pattern in statement.sources))
    ]
    return any(statement.allows for statement in ours) and all(statement.allows for statement in ours)


def comes_from(source: str, pattern: str) -> bool:
    """Whether an ARN fits a pattern that names it, something inside it, or many."""
    return (
        _fits(source, pattern) or pattern.startswith((f"{source}/", f"{source}:")) or _fits(f"{source}/x/y/z", pattern)
    )


def _list(value: Any) -> list[Any]:
    """IAM lets a single item stand for a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
