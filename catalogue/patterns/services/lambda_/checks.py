"""What AWS refuses or does differently with functions, although the embedded AWS deploys it."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from catalogue.patterns.cloudformation.policies import statements_of
from catalogue.patterns.cloudformation.template import Resource, Template, referenced_ids
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.services.lambda_.operations import FUNCTIONS, MAPPING
from catalogue.patterns.services.registry import registry


def event_sources(template: Template) -> Iterator[ContentError]:
    """Lambda polls a source only as the function's role, which must allow it."""
    deployed = template.as_deployed
    for mapping in deployed.of_type(MAPPING):
        for name in sorted(referenced_ids(mapping.property("EventSourceArn"))):
            source = deployed.resources.get(name)
            for function in _functions_of(deployed, mapping):
                if source is None or _opaque(deployed, function):
                    continue
                polled = registry().service_of(source.type)
                missing = [
                    action
                    for action in (polled.polled_with if polled else ())
                    if not _allowed(deployed, function, action, source.id)
                ]
                if missing:
                    yield ContentError(
                        template.path,
                        template.line("Resources", mapping.id),
                        f"`{mapping.id}` lets Lambda poll `{source.id}` for `{function.id}`, whose role does not allow "
                        f"{', '.join(missing)}.",
                        f"Allow it in the policies of `{function.id}`, on `!GetAtt {source.id}.Arn`.",
                        id="patterns.E044",
                    )


def _functions_of(template: Template, mapping: Resource) -> list[Resource]:
    names = referenced_ids(mapping.property("FunctionName"))
    return [function for function in template.of_type(*FUNCTIONS) if function.id in names]


def _opaque(template: Template, function: Resource) -> bool:
    """Whether the role is not written out here: a managed policy, SAM's own policy, or a role from elsewhere."""
    policies = function.property("Policies", default=[])
    listed = policies if isinstance(policies, list) else [policies]
    if any(not isinstance(policy, Mapping) or "Statement" not in policy for policy in listed):
        return True
    role = function.property("Role")
    if role is None:
        return False
    roles = [template.resources.get(id) for id in referenced_ids(role)]
    return not any(roles) or any(known is not None and known.property("ManagedPolicyArns") for known in roles)


def _allowed(template: Template, function: Resource, action: str, source: str) -> bool:
    """A Resource that refers to nothing of the template may be any, so it counts."""
    return any(
        (source in statement.resources or not statement.resources)
        and any(fnmatchcase(action.lower(), allowed.lower()) for allowed in statement.actions)
        for statement in statements_of(template, function)
    )


def environments(template: Template) -> Iterator[ContentError]:
    """Values of environment variables are texts."""
    places: list[tuple[tuple[str, ...], Any]] = [
        (("Resources", function.id, "Properties"), function.property("Environment", "Variables", default={}))
        for function in template.of_type(*FUNCTIONS)
    ]
    shared: Any = template.document.value
    for part in ("Globals", "Function", "Environment", "Variables"):
        shared = shared.get(part) if isinstance(shared, Mapping) else None
    places.append((("Globals", "Function"), shared or {}))
    for place, variables in places:
        for name, value in variables.items() if isinstance(variables, Mapping) else ():
            if not isinstance(value, (str, Mapping)):
                said = str(value).lower() if isinstance(value, bool) else str(value)
                yield ContentError(
                    template.path,
                    template.line(*place, "Environment", "Variables", str(name)),
                    f"The environment variable `{name}` is {said}, which is not text.",
                    f'Quote it: `{name}: "{said}"`.',
                    id="patterns.E046",
                )
