"""Which arrows of a lab's diagram the embedded AWS deploys and does not run."""

from catalogue.base.target_names import AWS
from catalogue.labs.models import Lab
from catalogue.labs.services.model import Arrow
from catalogue.labs.services.registry import lab_services
from catalogue.labs.targets.verdict import verdict
from catalogue.patterns.content.pattern import Pattern


def not_emulated(lab: Lab, pattern: Pattern) -> dict[str, str]:
    """The reason, a sentence, by `Source>Target` of the diagram; empty on AWS."""
    if lab.emulator == AWS:
        return {}
    if pattern.standalone:
        return verdict(pattern).not_emulated
    found = {}
    for edge in pattern.diagram.edges:
        source, target = (pattern.template.resources.get(id) for id in (edge.source, edge.target))
        arrow = Arrow(edge.by, source.type if source else "", target.type if target else "")
        if reason := lab_services().not_emulated(arrow):
            found[f"{edge.source}>{edge.target}"] = reason
    return found
