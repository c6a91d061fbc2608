"""Template tags for what the pages draw: service glyphs and pattern diagrams."""

from django import template
from django.utils.safestring import SafeString

from catalogue.patterns.cards import Card
from catalogue.patterns.content import Pattern
from catalogue.patterns.diagram_svg import render_diagram, render_sketch
from catalogue.patterns.glyphs import glyph_svg, short_name

register = template.Library()


@register.simple_tag
def glyph(name: str) -> SafeString:
    return glyph_svg(name)


@register.simple_tag
def diagram(pattern: Pattern) -> SafeString:
    return render_diagram(pattern)


@register.simple_tag
def sketch(pattern: Card | Pattern) -> SafeString:
    return pattern.sketch if isinstance(pattern, Card) else render_sketch(pattern)


register.filter("short", short_name)
