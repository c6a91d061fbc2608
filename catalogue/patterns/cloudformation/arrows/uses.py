"""What code uses: resources that their role may act on, and that its variables, its role or itself names.

Code names a resource by a text in quotes that is the name which the author chose for it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.iam import Reach, Statement
from catalogue.patterns.services.model import Caller, Finding, NotProven, Relation, Service

KINDS_OF_USE = ("environment", "policy", "code")


_PASSES = "iam:PassRole"


@dataclass(frozen=True)
class _Use:
    """Code that may use a resource, or not."""

    view: View
    caller: Caller
    id: str
    service: Service
    statements: list[Statement]
    own_role: bool
    """Whether no other code has the role. What a shared role names is not for each that has it."""
    handed: bool
    """Whether an event hands the code what it would otherwise read there."""
    event_source: bool
    """Whether the code has an event source of this service, with a permission to poll that SAM or AWS words widely."""


def uses(view: View, flows: Iterable[Relation]) -> Iterator[Finding]:
    """The relations by policy. `flows` are the others, of which one from a resource to a function means that the
    function is handed what it would otherwise read there."""
    handed = {(flow.target, flow.source) for flow in flows}
    callers = _callers(view)
    roles = Counter(str(caller.role) for caller in callers)
    for caller in callers:
        statements = view.statements(caller.role)
        own = roles[str(caller.role)] == 1
        if statements is not None:
            for id in view.stack.resources:
                if id != caller.id and not view.stack.names[id].part and (known := view.known(id)):
                    service = known[0]
                    sources = [view.known(source) for target, source in handed if target == caller.id]
                    like = any(source and source[0] is service for source in sources)
                    is_handed = (caller.id, id) in handed
                    yield from _found(_Use(view, caller, id, service, statements, own, is_handed, like))


def _callers(view: View) -> list[Caller]:
    return [caller for service in view.registry.services if service.callers for caller in service.callers(view)]


def actions(view: View, relations: Iterable[Relation]) -> Mapping[tuple[str, str], frozenset[str]]:
    """What each caller may do on each resource that it uses: patterns of actions, in lower case and without prefix."""
    roles = {caller.id: caller.role for caller in _callers(view)}
    found: dict[tuple[str, str], frozenset[str]] = {}
    for relation in relations:
        known = view.known(relation.target) if relation.target in view.stack.resources else None
        if relation.kind in KINDS_OF_USE and relation.source in roles and known is not None:
            names, prefix = view.stack.names[relation.target], f"{known[0].actions}:"
            found[relation.source, relation.target] = frozenset(
                action.removeprefix(prefix)
                for statement in view.statements(roles[relation.source]) or ()
                if statement.allows and statement.reaches(names.arn, names.name)
                for action in statement.actions
                if action.startswith(prefix) or action == "*"
            )
    return found


def _found(use: _Use) -> Iterator[Finding]:
    view, caller, id, possible = use.view, use.caller, use.id, use.service.uses
    operations = [*possible.writes, *(() if use.handed else possible.reads)]
    reached = {operation: view.reach(use.statements, id, operation) for operation in operations}
    allowed = [operation for operation, how in reached.items() if how]
    kind = _named(use, reached.values(), *caller.given)
    waits = view.works(id) or any(operation in possible.waited_for for operation in allowed)
    if kind and allowed:
        yield Relation(kind, caller.id, id, caller.id, waits)
    elif possible.open and _addressed(use):
        yield Relation("environment", caller.id, id, caller.id, waits)
    elif _polled(use):
        yield Relation("polling", id, caller.id, caller.id)
    elif kind == "environment" and operations and not use.handed:
        if _by_another(use, operations):
            yield Relation("environment", caller.id, id, caller.id)
        else:
            reason = f"no permission for a use of it ({use.service.actions}:…)"
            yield NotProven("environment", caller.id, id, caller.id, reason)


def _named(use: _Use, reached: Iterable[Reach | None], *given: str) -> str | None:
    """The kind of relation by what names the resource; None if nothing does. A policy alone is no proof where the
    resource hands the code what it would read: policies for that often allow writes too."""
    if any(use.view.stack.mentions(text, use.id) for text in given):
        return "environment"
    wide = use.handed and use.service.uses.reads
    if (use.own_role and not wide and "named" in reached) or _only_choice(use.view, use.id):
        return "policy"
    chosen = use.view.stack.names[use.id].chosen
    return "code" if chosen and chosen in use.caller.code else None


def _addressed(use: _Use) -> bool:
    """Whether a variable has an address of the resource."""
    addresses = use.view.stack.names[use.id].addresses
    return any(address.rpartition("//")[2] in text for address in addresses for text in use.caller.given)


def _polled(use: _Use) -> bool:
    """Whether the code fetches what waits in the resource, and no event source hands it over."""
    reached = [use.view.reach(use.statements, use.id, operation) for operation in use.service.uses.polls]
    may = "named" in reached if use.event_source else any(reached)
    return not use.handed and may and bool(_named(use, reached, *use.caller.given))


def _by_another(use: _Use, operations: list[str]) -> bool:
    """Whether the code may hand a role that may use the resource to a service, which then uses it: a schedule that it
    creates, a job that it starts."""
    every = (use.view.stack.names[role.id] for role in use.view.stack.of_type("AWS::IAM::Role"))
    return any(
        any(
            statement.allows and statement.covers(_PASSES) and statement.reaches(names.arn, names.name) == "named"
            for statement in use.statements
        )
        and any(use.view.reach(use.view.statements(names.arn) or (), use.id, operation) for operation in operations)
        for names in every
        if names.arn != str(use.caller.role)
    )


def _only_choice(view: View, id: str) -> bool:
    """Whether a call that names nothing goes there: to what every account has, where the template has no other."""
    if not id.startswith("("):
        return False
    return not any(other.id != id for other in view.stack.of_type(view.stack.resources[id].type))
