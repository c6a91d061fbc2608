"""What finders of relations look at: a stack, what is known of its services, and who may do what in it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from catalogue.patterns.cloudformation.stack.iam import Reach, Statement, reach, role_of, role_statements
from catalogue.patterns.cloudformation.stack.stack import Deployed, Stack
from catalogue.patterns.services.model import Finding, NotProven, Relation, ResourceType, Service
from catalogue.patterns.services.registry import Registry


@dataclass(frozen=True)
class View:
    stack: Stack
    registry: Registry
    code: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    """The texts in quotes in the code of functions, by id, where it is beside the template."""
    _roles: dict[str, list[Statement]] = field(default_factory=dict, repr=False)

    @cached_property
    def _managed(self) -> dict[str, tuple[str, ...]]:
        return self.registry.managed

    def known(self, id: str) -> tuple[Service, ResourceType] | None:
        return self.registry.by_type.get(self.stack.resources[id].type)

    def works(self, id: str) -> bool:
        """Whether a caller of the resource gets an answer only after the work is done."""
        known = self.known(id)
        return known is None or known[1].works

    def statements(self, role: Any) -> list[Statement] | None:
        """What a role may do; None if it is not one of the template."""
        id = role_of(self.stack, role)
        if id is None:
            return None
        if id not in self._roles:
            self._roles[id] = role_statements(self.stack, id, self._managed)
        return self._roles[id]

    def reach(self, statements: Iterable[Statement], id: str, operation: str) -> Reach | None:
        """How statements allow an operation of the resource's own service on it."""
        known = self.known(id)
        if known is None:
            return "any"
        names = self.stack.names[id]
        return reach(statements, f"{known[0].actions}:{operation}", names.arn, names.name)

    def may_send(self, role: Any, id: str) -> bool:
        """Whether a role may hand something to the resource. What is not in the template may."""
        statements, known = self.statements(role), self.known(id)
        if statements is None or known is None or not known[0].uses.writes:
            return True
        return any(self.reach(statements, id, operation) for operation in known[0].uses.writes)

    def admits(self, id: str, sender: str, source: str) -> bool:
        """Whether the resource's own policy lets the service `sender` hand it something for the resource `source`."""
        known = self.known(id)
        if known is None or known[0].admits is None:
            return True
        arn = self.stack.arn(source) if source in self.stack.names else source
        return known[0].admits(self, id, f"{sender}.amazonaws.com", arn)

    def delivery(
        self, kind: str, source: str, to: Any, by: Deployed, *, sender: str, role: Any = None, waits: bool = False
    ) -> Iterator[Finding]:
        """What a service hands to the resource that an ARN or address names, as a role or by the resource's policy."""
        target = self.stack.find(to)
        if target is None:
            if to:
                yield NotProven(kind, source, str(to), by.id, "it names no resource of the template")
        elif role:
            if self.may_send(role, target):
                yield Relation(kind, source, target, by.id, waits)
            else:
                yield NotProven(kind, source, target, by.id, "its role has no permission for that")
        elif self.admits(target, sender, by.id if source.startswith("(") else source) or self.admits(
            target, sender, by.id
        ):
            yield Relation(kind, source, target, by.id, waits)
        else:
            yield NotProven(kind, source, target, by.id, f"no policy lets {sender}.amazonaws.com send to it")
