"""Template tags for what the pages draw: service glyphs and pattern diagrams."""

from collections.abc import Mapping

from django import template
from django.utils.safestring import SafeString

from catalogue.patterns.content.cards import Card
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.diagrams.glyphs import glyph_svg, short_name
from catalogue.patterns.diagrams.svg import render_diagram, render_sketch

register = template.Library()


@register.simple_tag
def glyph(name: str) -> SafeString:
    return glyph_svg(name)


@register.simple_tag
def diagram(pattern: Pattern, unavailable: Mapping[str, str] | None = None, *, beside: bool = False) -> SafeString:
    return render_diagram(pattern, unavailable or None, beside=beside)


@register.simple_tag
def sketch(pattern: Card | Pattern) -> SafeString:
    return pattern.sketch if isinstance(pattern, Card) else render_sketch(pattern)


register.filter("short", short_name)
