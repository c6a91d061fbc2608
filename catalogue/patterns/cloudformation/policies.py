"""The IAM statements that a function runs under, as its template writes them.

Read are a SAM function's inline `Policies`, and a role of the template that its `Role` names, with that
role's inline policies and those attached to it. SAM policy templates and AWS's managed policies are not
opened: they hide the exact actions, which the catalogue wants to show.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.patterns.cloudformation.template import Resource, Template, referenced_ids

_ATTACHED = ("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy")


@dataclass(frozen=True)
class Statement:
    """One allowing statement."""

    actions: tuple[str, ...]
    resources: frozenset[str]
    """Logical ids that its Resource refers to."""


def statements_of(template: Template, function: Resource) -> list[Statement]:
    """Every allowing statement that applies to the function."""
    documents = [*_list(function.property("Policies")), *_role_documents(template, function.property("Role"))]
    return [statement for document in documents for statement in _allowing(document)]


def allows(statement: Statement, prefix: str, target: str) -> bool:
    """Whether the statement allows an action of the service `prefix` on the resource `target`."""
    return target in statement.resources and any(action.split(":")[0].lower() == prefix for action in statement.actions)


def _role_documents(template: Template, role: Any) -> Iterator[Any]:
    for id in referenced_ids(role):
        resource = template.resources.get(id)
        if resource is None or resource.type != "AWS::IAM::Role":
            continue
        for policy in _list(resource.property("Policies")):
            yield policy.get("PolicyDocument") if isinstance(policy, Mapping) else None
        for attached in template.of_type(*_ATTACHED):
            names = [attached.property("Roles"), attached.property("RoleName")]
            if id in referenced_ids(names):
                yield attached.property("PolicyDocument")


def _allowing(document: Any) -> Iterator[Statement]:
    if not isinstance(document, Mapping):
        return
    for statement in _list(document.get("Statement")):
        if isinstance(statement, Mapping) and statement.get("Effect") == "Allow":
            actions = tuple(action for action in _list(statement.get("Action")) if isinstance(action, str))
            yield Statement(actions, frozenset(referenced_ids(statement.get("Resource"))))


def _list(value: Any) -> list[Any]:
    """IAM lets a single item stand for a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
