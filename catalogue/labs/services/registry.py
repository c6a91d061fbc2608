"""All services of the labs: the modules of this package that define SERVICE."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from catalogue.base.discovery import modules
from catalogue.labs import services as package
from catalogue.labs.services.model import (
    Arrow,
    ClientOf,
    Endpoint,
    LabService,
    LogMeasured,
    Perform,
    Presigned,
    ReadContents,
    ReadGauges,
    last_part,
)


@dataclass(frozen=True)
class Registry:
    services: tuple[LabService, ...]

    @cached_property
    def gauges(self) -> dict[str, ReadGauges]:
        """By resource type."""
        return {type: read for service in self.services for type, read in service.gauges.items()}

    @cached_property
    def contents(self) -> dict[str, ReadContents]:
        """By resource type."""
        return {type: read for service in self.services for type, read in service.contents.items()}

    @cached_property
    def peeks(self) -> dict[str, Callable[[str], list[dict[str, Any]] | None]]:
        """By key of a service; for the emulator's process."""
        return {service.key: service.peek for service in self.services if service.peek is not None}

    @cached_property
    def moving(self) -> frozenset[str]:
        return frozenset(measure for service in self.services for measure in service.moving)

    @cached_property
    def held(self) -> frozenset[str]:
        return frozenset(measure for service in self.services for measure in service.held)

    @cached_property
    def measures(self) -> dict[str, tuple[str, ...]]:
        return {name: gauges for service in self.services for name, gauges in service.measures.items()}

    @cached_property
    def log_groups(self) -> dict[str, str]:
        """By resource type."""
        return {type: group for service in self.services for type, group in service.log_groups.items()}

    @cached_property
    def log_measures(self) -> dict[str, Callable[[LogMeasured], int]]:
        return {name: count for service in self.services for name, count in service.log_measures.items()}

    @cached_property
    def operations(self) -> dict[str, Perform]:
        return {name: perform for service in self.services for name, perform in service.operations.items()}

    @cached_property
    def arns(self) -> dict[str, Callable[[ClientOf, str], list[str]]]:
        """By resource type."""
        return {type: arns for service in self.services for type, arns in service.arns.items()}

    @cached_property
    def permissions(self) -> dict[str, str]:
        return {operation: action for service in self.services for operation, action in service.permissions.items()}

    @cached_property
    def plain_ids(self) -> frozenset[str]:
        return frozenset(type for service in self.services for type in service.plain_ids)

    @cached_property
    def seen_otherwise(self) -> frozenset[str]:
        """Keys of services."""
        return frozenset(service.key for service in self.services if service.seen_otherwise)

    def counted_as(self, type: str) -> Iterator[str]:
        """Keys of the services under which a resource of this type is counted."""
        logs = type in self.log_groups
        return (service.key for service in self.services if type in service.counted or (logs and service.counts_logs))

    @cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(endpoint for service in self.services for endpoint in service.endpoints)

    @cached_property
    def presigned(self) -> dict[str, tuple[str, Presigned]]:
        """By resource type, with the key of its service."""
        return {type: (service.key, one) for service in self.services for type, one in service.presigned.items()}

    def not_emulated(self, arrow: Arrow) -> str | None:
        """Why nothing flows along this arrow on the emulator: a sentence; None if something does."""
        reasons = (service.not_emulated(arrow) for service in self.services if service.not_emulated is not None)
        return next(filter(None, reasons), None)

    @cached_property
    def _names(self) -> dict[str, Callable[[str], str]]:
        return {service.key: service.name_of for service in self.services if service.name_of is not last_part}

    def plain_name(self, key: str, name: str) -> str:
        """The name of a resource of a service, out of whatever names it."""
        return self._names.get(key, last_part)(name)


@cache
def lab_services() -> Registry:
    """Reads every module of the package once."""
    found = (getattr(module, "SERVICE", None) for module in modules(package))
    return Registry(tuple(service for service in found if isinstance(service, LabService)))
