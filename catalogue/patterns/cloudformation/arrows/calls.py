"""API calls that a service makes by itself: a gateway's integrations, a state machine's tasks, a schedule's targets."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.stack import Deployed
from catalogue.patterns.services.model import Finding, NotProven, Relation, Service

_PAIR = re.compile(r'"(\w+)"\s*:\s*"((?:[^"\\]|\\.)*)"')
_FORM = re.compile(r"(?:^|[&\s])([A-Z]\w*)=([^&\s]*)")
_LATER = re.compile(
    r"\$input|\$context|\$request|\$util|\$stageVariables|\{%|^\$\.|^\$states|^method\.request|^States\."
)
"""Marks of a value that only a request brings."""


def call(
    view: View,
    kind: str,
    source: str,
    by: Deployed,
    *,
    service: str,
    operation: str,
    arguments: Mapping[str, Any],
    role: Any,
    waits: bool | None = None,
) -> Iterator[Finding]:
    """What a call reaches: the resource that its arguments name, or, where only a request brings the name, those
    that the role names for this operation. Nothing where the role lacks the permission."""
    called = view.registry.of_api(service)
    if called is None:
        return
    permissions = called.action_of.get(operation.lower(), (operation,))
    statements = view.statements(role)
    named = list(called.calls(operation, arguments))
    found = [id for text in named for id in _ids(view, called, text)]
    if not found and all(_is_later(text) for text in named):
        for id in _resources(view, called) if statements is not None else ():
            if any(view.reach(statements or (), id, permission) == "named" for permission in permissions):
                found.append(id)
    for id in dict.fromkeys(found):
        if statements is not None and not any(view.reach(statements, id, permission) for permission in permissions):
            yield NotProven(kind, source, id, by.id, f"its role may not {called.actions}:{permissions[0]}")
        else:
            works = view.works(id) or operation in called.uses.waited_for
            yield Relation(kind, source, id, by.id, works if waits is None else waits)
    if not found:
        where = ", ".join(str(text) for text in named) or f"{called.name}, {operation}"
        yield NotProven(kind, source, where, by.id, "it names no resource of the template")


def _resources(view: View, service: Service) -> list[str]:
    return [resource.id for resource in view.stack.of_type(*view.registry.types_of(service))]


def _ids(view: View, service: Service, text: Any) -> list[str]:
    """The resources of the service that a value names, as a whole or inside a function: `urlEncode('arn:…')`."""
    if not isinstance(text, str):
        return []
    whole = view.stack.named(text, *view.registry.types_of(service))
    if whole is not None:
        return [whole]
    return [id for id in _resources(view, service) if view.stack.mentions(text, id)]


def _is_later(text: Any) -> bool:
    return not isinstance(text, str) or bool(_LATER.search(text))


def arguments_of(template: str) -> dict[str, Any]:
    """The arguments that a mapping template writes: JSON, or a form (`Action=Publish&TopicArn=…`)."""
    try:
        body = json.loads(template)
    except ValueError:
        body = None
    if isinstance(body, Mapping):
        return dict(body)
    forms = {name: unquote_plus(value) for name, value in reversed(_FORM.findall(template))}
    # Of a repeated name, the first is the call's own; what a form's message has in it is none of its arguments.
    return forms if "Action" in forms else dict(reversed(_PAIR.findall(template)))
