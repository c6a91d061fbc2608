"""The diagram of a naive twin. No author draws it: it is laid out from the arrows that its template proves."""

from dataclasses import replace

from django.utils.safestring import SafeString

from catalogue.patterns.cloudformation.arrows.proofs import proofs
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.projects.drawing import draw
from catalogue.patterns.diagrams.svg import render_diagram


def render_twin(pattern: Pattern) -> SafeString:
    """As `render_diagram`, of the pattern's naive twin; nothing if it has none."""
    if pattern.naive is None:
        return SafeString("")
    drawn = draw(pattern.naive, proofs(pattern.naive))
    front = pattern.front.model_copy(update={"title": f"the naive twin of {pattern.title}"})
    return render_diagram(replace(pattern, front=front, template=pattern.naive, diagram=drawn), beside=True)
