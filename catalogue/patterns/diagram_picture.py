"""What a pattern's diagram shows, whatever its layout: boxes with names and links, edges with numbers."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from catalogue.patterns.content import Pattern
from catalogue.patterns.glyphs import short_name
from catalogue.patterns.schema import Diagram, Node
from catalogue.patterns.services import services


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
    def of(cls, pattern: Pattern) -> Picture:
        diagram = pattern.diagram
        return cls(
            pattern.title,
            diagram.description,
            tuple(_box(pattern, node) for node in diagram.nodes),
            tuple(
                Edge(
                    edge.source,
                    edge.target,
                    edge.label,
                    edge.kind,
                    _numbers(diagram, edge.source, edge.target),
                )
                for edge in diagram.edges
            ),
        )


def _numbers(diagram: Diagram, source: str, target: str) -> tuple[int, ...]:
    key = f"{source}>{target}"
    return tuple(number for number, step in enumerate(diagram.flow, 1) if key in step.edges)


def _box(pattern: Pattern, node: Node) -> Box:
    column, row = node.at
    if node.actor is not None:
        return Box(node.id, node.label, "outside", node.actor, True, "", 0, column, row)
    resource = pattern.template.resources.get(node.id)
    service = services().by_type.get(resource.type) if resource else None
    address = reverse("patterns:source", args=[pattern.slug, "template.yaml"])
    return Box(
        node.id,
        node.label,
        short_name(service.name) if service else "",
        service.glyph if service else "",
        False,
        f"{address}#L{resource.line}" if resource else "",
        resource.line if resource else 0,
        column,
        row,
    )
