"""All services: the modules of this package that define SERVICE."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from catalogue.base.discovery import modules
from catalogue.patterns import services as package
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import Level, LeverOperation, Made, Measure, ResourceType, Role, Service

if TYPE_CHECKING:
    from catalogue.patterns.cloudformation.template import Template


@dataclass(frozen=True)
class Registry:
    services: tuple[Service, ...]
    by_type: dict[str, tuple[Service, ResourceType]]
    known: frozenset[str]
    """Every resource type that some service or the plumbing names."""

    @property
    def namings(self) -> dict[str, Naming]:
        return {type: kind.naming for type, (_, kind) in self.by_type.items()}

    def of_api(self, name: str) -> Service | None:
        """The service that the ARN of a call names: `sqs`, `states`, `sfn`."""
        name = name.lower()
        return next((service for service in self.services if name == service.actions or name in service.api), None)

    def types_of(self, service: Service) -> list[str]:
        """The types that calls of the service's API name; two modules may share an API."""
        return [kind.type for one in self.services if one.actions == service.actions for kind in one.types]

    def role(self, type: str) -> Role:
        """What a resource of the type is in a picture."""
        return self.by_type[type][1].role if type in self.by_type else "other"

    def of_role(self, role: Role) -> tuple[str, ...]:
        return tuple(type for type, (_, kind) in self.by_type.items() if kind.role == role)

    @property
    def functions(self) -> tuple[str, ...]:
        """Types that run their author's code."""
        return self.of_role("function")

    @property
    def secured(self) -> tuple[str, ...]:
        """Types on which a permission can be taken away."""
        return tuple(type for type, (_, kind) in self.by_type.items() if kind.secured)

    @cached_property
    def measures(self) -> dict[str, Measure]:
        return {name: measure for service in self.services for name, measure in service.measures.items()}

    @cached_property
    def levels(self) -> dict[str, Level]:
        return {name: level for service in self.services for name, level in service.levels.items()}

    def level(self, name: str) -> Level:
        """Of a run that was stored when there was such a level, too."""
        return self.levels.get(name, Level((), "item"))

    @cached_property
    def operations(self) -> dict[str, LeverOperation]:
        return {name: operation for service in self.services for name, operation in service.operations.items()}

    def nouns(self, types: tuple[str, ...]) -> str:
        """As a message about one of these types says: `a queue`, `a table, function or queue`."""
        found = dict.fromkeys(self.by_type[type][1].noun for type in types)
        first, *others = found
        bare = [noun.partition(" ")[2] for noun in others]
        return " or ".join(filter(None, [", ".join([first, *bare[:-1]]), *bare[-1:]]))

    @cached_property
    def avoiding(self) -> dict[tuple[str, str], str]:
        """Counted operations by which a design avoids invocations, as (service, operation), in words."""
        return {(service.key, name): what for service in self.services for name, what in service.avoids.items()}

    @property
    def avoids(self) -> dict[str, str]:
        return {name: what for (_, name), what in self.avoiding.items()}

    def endpoints(self, template: Template) -> list[str]:
        """Logical ids whose address a demo can call."""
        found = [service.endpoints(template) for service in self.services if service.endpoints]
        return [id for ids in found for id in ids]

    def service_of(self, type: str) -> Service | None:
        """The service of a type, also of one that is a part."""
        if type in self.by_type:
            return self.by_type[type][0]
        return next((service for service in self.services if type in service.parts), None)

    @cached_property
    def definitions(self) -> dict[str, tuple[str, str]]:
        """By type, the property that names a file with a definition, and the one that holds its content."""
        return {type: names for service in self.services for type, names in service.definitions.items()}

    @cached_property
    def made_for(self) -> dict[str, Made]:
        """What SAM makes for events of functions, by the events' type."""
        return {kind: made for service in self.services for kind, made in service.made_for.items()}

    @property
    def managed(self) -> dict[str, tuple[str, ...]]:
        """The actions of AWS's own policies."""
        return {name: actions for service in self.services for name, actions in service.managed.items()}


_loading: list[bool] = []


@cache
def registry() -> Registry:
    """Reads every module of the package once. What those modules import must not ask for the registry meanwhile."""
    if _loading:
        raise ImportError("a module of a service imports something that asks for the registry while it is read")
    _loading.append(True)
    try:
        return _read()
    finally:
        _loading.clear()


def _read() -> Registry:
    found: list[Service] = []
    plumbing: list[str] = []
    for module in modules(package):
        if isinstance(service := getattr(module, "SERVICE", None), Service):
            found.append(service)
        plumbing += getattr(module, "PLUMBING", ())
    by_type = {kind.type: (service, kind) for service in found for kind in service.types}
    parts = {type for service in found for type in service.parts}
    return Registry(tuple(found), by_type, frozenset(by_type) | parts | set(plumbing))
