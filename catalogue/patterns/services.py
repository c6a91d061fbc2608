"""The AWS services the catalogue knows, read once from services.yaml."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from catalogue.patterns.schema import Closed, Id
from catalogue.patterns.template import Resource
from catalogue.patterns.validation import read_validated

SERVICES_FILE = Path(__file__).with_name("services.yaml")


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


class _Entry(Closed):
    name: Annotated[str, Field(min_length=3)]
    actions: str
    types: Annotated[tuple[str, ...], Field(min_length=1)]
    pictured: tuple[str, ...]


class _Services(Closed):
    services: dict[Id, _Entry]
    plumbing: tuple[str, ...]


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
    """Raises ContentError (E060) if services.yaml is not as its schema says."""
    entries = read_validated(_Services, SERVICES_FILE, id="patterns.E060")
    by_key = {
        key: Service(key, entry.name, key, frozenset(entry.types), frozenset(entry.pictured), entry.actions)
        for key, entry in entries.services.items()
    }
    by_type = {type: service for service in by_key.values() for type in service.types}
    return Services(by_key, by_type, frozenset(entries.plumbing))
