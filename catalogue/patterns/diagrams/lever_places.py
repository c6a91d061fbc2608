"""Where in the picture a lever breaks something: pure, from the template's relations and the drawn diagram."""

from dataclasses import dataclass

from catalogue.patterns.cloudformation.arrows.proofs import relations
from catalogue.patterns.cloudformation.template import referenced_ids
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Lever


@dataclass(frozen=True)
class Places:
    nodes: tuple[str, ...]
    """Ids of the diagram's nodes."""
    edges: tuple[str, ...]
    """Keys of the diagram's edges: `Source>Target`."""


def places_of(pattern: Pattern, lever: Lever) -> Places:
    """What is drawn of that which the lever's pull changes.

    A resource that is a box is itself marked; an event source mapping is the arrow that it makes and the function
    that it feeds; a permission is the arrow from who loses it; a stage or a validator is part of its API.
    """
    drawn_nodes = {node.id for node in pattern.diagram.nodes}
    drawn_edges = {f"{edge.source}>{edge.target}" for edge in pattern.diagram.edges}
    pull = lever.pull
    made = [relation for relation in relations(pattern.template) if relation.proof == pull.resource]
    nodes = [pull.resource]
    edges = [f"{pull.resource}>{pull.to}"]
    if pull.resource not in drawn_nodes:
        nodes += [relation.target for relation in made]
        resource = pattern.template.resources.get(pull.resource)
        nodes += sorted(referenced_ids(resource.property("RestApiId"))) if resource else []
        edges += [f"{relation.source}>{relation.target}" for relation in made]
    return Places(
        tuple(dict.fromkeys(node for node in nodes if node in drawn_nodes)),
        tuple(dict.fromkeys(edge for edge in edges if edge in drawn_edges)),
    )
