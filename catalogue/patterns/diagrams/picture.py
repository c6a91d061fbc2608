"""What a pattern's diagram shows, whatever its layout: boxes with names and links, edges with numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Diagram, Node
from catalogue.patterns.diagrams.glyphs import short_name
from catalogue.patterns.services.known import services


@dataclass(frozen=True)
class Box:
    """What a node shows, whichever variant."""

    id: str
    label: str
    service: str
    glyph: str
    actor: bool
    href: str
    line: int
    column: int
    row: int


@dataclass(frozen=True)
class Edge:
    source: str
    target: str
    label: str
    kind: str
    numbers: tuple[int, ...]
    unavailable: str = ""
    """Why nothing goes along it where the picture is shown, such as in a lab on the embedded AWS: a sentence."""

    @property
    def key(self) -> str:
        return f"{self.source}>{self.target}"


@dataclass(frozen=True)
class Picture:
    title: str
    description: str
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]

    @classmethod
    def of(cls, pattern: Pattern, unavailable: Mapping[str, str] | None = None, *, linked: bool = True) -> Picture:
        """`unavailable` are reasons by `Source>Target`, see `Edge`. Boxes are `linked` to the template's page."""
        diagram = pattern.diagram
        return cls(
            pattern.title,
            diagram.description,
            tuple(_box(pattern, node, linked) for node in diagram.nodes),
            tuple(
                Edge(
                    edge.source,
                    edge.target,
                    _label(edge.label, f"{edge.source}>{edge.target}" in (unavailable or {})),
                    edge.kind,
                    _numbers(diagram, edge.source, edge.target),
                    (unavailable or {}).get(f"{edge.source}>{edge.target}", ""),
                )
                for edge in diagram.edges
            ),
        )


NOT_EMULATED = "not emulated"


def _label(label: str, unavailable: bool) -> str:
    return ", ".join(filter(None, (label, NOT_EMULATED))) if unavailable else label


def _numbers(diagram: Diagram, source: str, target: str) -> tuple[int, ...]:
    key = f"{source}>{target}"
    return tuple(number for number, step in enumerate(diagram.flow, 1) if key in step.edges)


def _box(pattern: Pattern, node: Node, linked: bool) -> Box:
    column, row = node.at
    if node.actor is not None:
        return Box(node.id, node.label, "outside", node.actor, True, "", 0, column, row)
    resource = pattern.template.resources.get(node.id)
    service = services().by_type.get(resource.type if resource else node.made)
    address = reverse("patterns:source", args=[pattern.slug, pattern.template.path.name]) if linked else ""
    return Box(
        node.id,
        node.label,
        short_name(service.name) if service else "",
        service.glyph if service else "",
        False,
        f"{address}#L{resource.line}" if resource and linked else "",
        resource.line if resource else 0,
        column,
        row,
    )
