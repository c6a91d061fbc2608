"""A stack that is deployed nowhere: its resources with all their values, and which text names which of them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from catalogue.patterns.cloudformation.properties import WithProperties
from catalogue.patterns.cloudformation.stack.evaluation import Evaluator, text_of
from catalogue.patterns.cloudformation.stack.physical import DEFAULT, Naming, Physical, physical

_SCHEME = re.compile(r"^[a-z0-9]+://")
_STEPS = 6
"""How many segments after a resource's ARN or address are looked past: `…/stage/POST/@connections/*`."""


@dataclass(frozen=True)
class Deployed(WithProperties):
    """A resource with its values as the service gets them."""

    id: str
    type: str
    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class Stack:
    resources: Mapping[str, Deployed]
    names: Mapping[str, Physical]
    _found: dict[str, str | None] = field(default_factory=dict, repr=False)

    def of_type(self, *types: str) -> Iterator[Deployed]:
        """The resources of these types, in the order of the template."""
        return (resource for resource in self.resources.values() if resource.type in types)

    def arn(self, id: str) -> str:
        return self.names[id].arn

    def find(self, text: Any, *types: str) -> str | None:
        """The id of the resource that an ARN, an address or a part of one names; of one of `types` if some are given.

        `arn:…:table/Orders/stream/x` is the table, `https://id.execute-api.…/prod/orders` the API.
        """
        if not isinstance(text, str):
            return None
        text = _SCHEME.sub("", text.strip())
        for _ in range(_STEPS):
            id = self._by_address.get(text)
            if id is not None:
                return id if not types or self.resources[id].type in types else None
            cut = max(text.rfind("/"), text.rfind(":"))
            if cut <= 0:
                return None
            text = text[:cut]
        return None

    def named(self, text: Any, *types: str) -> str | None:
        """The id of the resource of one of `types` that a text names: by ARN, address, or its bare name."""
        if not isinstance(text, str) or not text:
            return None
        found = self.find(text, *types)
        if found is not None:
            return found
        return next((one.id for one in self.of_type(*types) if self.names[one.id].name == text.strip()), None)

    def mentions(self, text: str, id: str) -> bool:
        """Whether a text has one of the resource's names in it, on its own."""
        names = self.names[id]
        every = {names.arn, names.name, names.ref, *names.addresses}
        found = [name for name in every if name and name in text]  # most texts name nothing, and this is fast
        return any(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) for name in found)

    @cached_property
    def _by_address(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for id, names in self.names.items():
            for text in () if names.part else (names.arn, *names.addresses):
                found.setdefault(_SCHEME.sub("", text), id)
        return found


def stack_of(document: Mapping[str, Any], parameters: Mapping[str, Any], namings: Mapping[str, Naming]) -> Stack:
    """The stack of a template without SAM's types. Resources whose condition does not hold are not in it."""
    return _Builder(document, parameters, namings).stack()


class _Builder:
    def __init__(
        self, document: Mapping[str, Any], parameters: Mapping[str, Any], namings: Mapping[str, Naming]
    ) -> None:
        self._resources: Mapping[str, Any] = document["Resources"]
        self._namings = namings
        self._names: dict[str, Physical] = {}
        self._open: set[str] = set()
        self._evaluator = Evaluator(
            parameters, document.get("Conditions") or {}, document.get("Mappings") or {}, self._ref, self._attribute
        )

    def stack(self) -> Stack:
        kept = {
            str(id): resource
            for id, resource in self._resources.items()
            if isinstance(resource, Mapping) and isinstance(resource.get("Type"), str) and self._is_there(resource)
        }
        resources = {
            id: Deployed(
                id,
                body["Type"],
                mapping(self._evaluator.value(body.get("Properties"))),
                mapping(body.get("Metadata")),
            )
            for id, body in kept.items()
        }
        return Stack(resources, {id: self._physical(id) for id in resources})

    def _is_there(self, resource: Mapping[str, Any]) -> bool:
        condition = resource.get("Condition")
        return not isinstance(condition, str) or self._evaluator.holds(condition)

    def _physical(self, id: str) -> Physical:
        if id not in self._names:
            body = self._resources.get(id)
            type = str(body.get("Type")) if isinstance(body, Mapping) else ""
            naming = self._namings.get(type, DEFAULT)
            chosen = None
            if naming.name_property and isinstance(body, Mapping) and id not in self._open:
                self._open.add(id)  # a name made from the resource's own attributes has no end
                chosen = text_of(self._evaluator.value(mapping(body.get("Properties")).get(naming.name_property)))
                self._open.discard(id)
            self._names[id] = physical(id, chosen or None, naming)
        return self._names[id]

    def _ref(self, id: str) -> str:
        return self._physical(id).ref

    def _attribute(self, id: str, name: str) -> str:
        return self._physical(id).attribute(name)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Mapping[str, Any]]:
    """The mappings of a list; of a single mapping, a list of it."""
    several: Iterable[Any] = value if isinstance(value, list) else [value]
    return [item for item in several if isinstance(item, Mapping)]


def texts(value: Any) -> Iterator[str]:
    """Every text inside a value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
