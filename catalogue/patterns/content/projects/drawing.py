"""A diagram from what a template proves: a box for each resource that takes part, an arrow for each proven relation.

Pure. Arrows that are not proven are not drawn; `Proven.not_proven` has them with the reason.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from catalogue.patterns.cloudformation.arrows.authors import IMPLICIT
from catalogue.patterns.cloudformation.arrows.prover import Proven
from catalogue.patterns.cloudformation.stack.stack import mapping
from catalogue.patterns.cloudformation.template import Resource, Template
from catalogue.patterns.content.schemas.pattern import Diagram, Edge, Node
from catalogue.patterns.diagrams.placement.layers import placed
from catalogue.patterns.services.known import services
from catalogue.patterns.services.model import Relation
from catalogue.patterns.services.registry import registry

CALLER = "Caller"
_LONGEST_LABEL = 28
_UPPER = {"Api": "API", "Url": "URL"}
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


class DrawnNode(Node):
    """A box on a grid as large as the stack, under any id."""

    id: str
    label: str
    at: tuple[int, int]
    type_made: str = ""

    @property
    def made(self) -> str:
        return self.type_made


class DrawnEdge(Edge):
    source: str
    target: str


def draw(template: Template, found: Proven) -> Diagram:
    """Boxes for the ends of all arrows and for what moves or keeps data; callers stand before what has an address."""
    names = _Names(template)
    arrows = list(_renamed(found.arrows, names))
    ends = {end for arrow in arrows for end in (arrow.source, arrow.target)}
    pictured = {id for id, one in template.resources.items() if _is_pictured(one.type)}
    inner = [id for id in [*names.made, *template.resources] if id in ends | pictured] or list(template.resources)
    called = [id for id in dict.fromkeys(registry().endpoints(template)) if id in inner]
    actors = [CALLER] if called else []
    edges = [
        *(DrawnEdge(source=CALLER, target=id, kind="sync", by="outside") for id in called),
        *(
            DrawnEdge(source=arrow.source, target=arrow.target, kind="sync" if arrow.waits else "async", by=arrow.kind)
            for arrow in arrows
        ),
    ]
    cells = placed([*actors, *inner], [(edge.source, edge.target) for edge in edges])
    return Diagram.model_construct(
        description=_described(names, edges),
        nodes=tuple(
            DrawnNode(
                id=id,
                actor="client" if id == CALLER else None,
                label=_label(names.label(id)),
                at=cells[id],
                type_made=names.made.get(id, ""),
            )
            for id in [*actors, *inner]
        ),
        edges=tuple(edges),
        flow=(),
    )


def implicit_apis(template: Template) -> dict[str, str]:
    """The APIs that SAM makes for events that name none: logical ids, each with the type that an author would write."""
    found: dict[str, str] = {}
    for function in template.of_type(*registry().functions):
        for kind, event in _events(function):
            made = registry().made_for.get(kind)
            if made is not None and made.parameter not in mapping(event.get("Properties")):
                found[made.id] = made.type
    return found


def _events(function: Resource | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Type and definition of each event of a function."""
    for event in mapping(function.property("Events")).values() if function else ():
        yield str(mapping(event).get("Type")), mapping(event)


class _Names:
    """Ids for boxes: those that the stack has, also of what SAM makes and of what every account has."""

    def __init__(self, template: Template) -> None:
        self._template = template
        apis = implicit_apis(template)
        self._ambient = {one.id: one for service in registry().services for one in service.ambient}
        self.made = {
            **apis,
            **{plain(one.id): one.type for one in self._ambient.values()},
        }
        self._apis = apis

    def of(self, end: str, other: str) -> list[str]:
        """The ids of an arrow's end; `other` is the opposite one. The APIs that SAM makes have one name in arrows, and
        a function may have events of both."""
        if end != IMPLICIT:
            return [plain(end)]
        kinds = {kind for kind, _ in _events(self._template.resources.get(other))}
        asked = [made.id for kind, made in registry().made_for.items() if kind in kinds and made.id in self._apis]
        return asked or list(self._apis)[:1]

    def label(self, id: str) -> str:
        return next((made.label for made in registry().made_for.values() if made.id == id), id)


def plain(id: str) -> str:
    """An id of letters and digits: `(default bus)` is `DefaultBus`."""
    return id if id.isalnum() else "".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", id))


def _renamed(arrows: tuple[Relation, ...], names: _Names) -> Iterator[Relation]:
    for arrow in arrows:
        for source in names.of(arrow.source, arrow.target):
            for target in names.of(arrow.target, arrow.source):
                yield Relation(arrow.kind, source, target, arrow.proof, arrow.waits)


def _is_pictured(type: str) -> bool:
    service = services().by_type.get(type)
    return service is not None and type in service.pictured


def _label(id: str) -> str:
    words = id if " " in id else " ".join(_UPPER.get(word, word) for word in _WORDS.findall(id)) or id
    return words if len(words) <= _LONGEST_LABEL else words[: _LONGEST_LABEL - 1].rstrip() + "…"


def _described(names: _Names, edges: list[DrawnEdge]) -> str:
    if not edges:
        return "No relation between the resources of this template is proven."
    parts = (f"{_label(names.label(edge.source))} to {_label(names.label(edge.target))}" for edge in edges)
    return f"Drawn from the template, which proves these arrows: {'; '.join(parts)}."


def types_of_boxes(template: Template) -> Mapping[str, Any]:
    """The resource type of each id that a box may have."""
    made = _Names(template).made
    return {**made, **{id: one.type for id, one in template.resources.items()}}
