"""The AWS services as readers see them: names, icons, and which resource types belong to each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from catalogue.patterns.cloudformation.template import Resource
from catalogue.patterns.services.registry import registry


@dataclass(frozen=True)
class Service:
    key: str
    name: str
    glyph: str
    """Name of its icon: static/icons/services/<glyph>.svg."""
    types: frozenset[str] = field(repr=False)
    pictured: frozenset[str] = field(repr=False)
    """The types among them that must be in a pattern's diagram."""
    actions: str
    """The service prefix of its IAM actions: `sqs` for `sqs:SendMessage`."""


@dataclass(frozen=True)
class Services:
    by_key: dict[str, Service]
    by_type: dict[str, Service]
    plumbing: frozenset[str]

    def knows(self, type: str) -> bool:
        return type in self.by_type or type in self.plumbing

    def used_by(self, resources: Iterable[Resource]) -> tuple[Service, ...]:
        """The services of these resources, each once, in the order of first use."""
        found = (self.by_type[resource.type] for resource in resources if resource.type in self.by_type)
        return tuple(dict.fromkeys(found))


@cache
def services() -> Services:
    """What the modules of the package say, as readers see it: modules with the same key are one service."""
    known = registry()
    by_key: dict[str, Service] = {}
    for service in known.services:
        types = {kind.type for kind in service.types} | set(service.parts) if service.listed else set()
        pictured = {kind.type for kind in service.types if kind.pictured}
        if (other := by_key.get(service.key)) is not None:
            types, pictured = types | other.types, pictured | other.pictured
        by_key[service.key] = Service(
            service.key, service.name, service.key, frozenset(types), frozenset(pictured), service.actions
        )
    by_type = {type: service for service in by_key.values() for type in service.types}
    return Services(by_key, by_type, known.known - by_type.keys())
