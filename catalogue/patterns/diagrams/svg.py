"""Draws a pattern's diagram.yaml as inline SVG: links for nodes, paths for edges, the flow's numbers on them.

Each picture comes twice, wide for a large screen and upright for a phone; the style sheet shows the one that fits.
Scripts find `[data-node=LogicalId]`, `[data-edge="Source>Target"]`, `[data-step=N]` and an empty
`[data-count=LogicalId]` over each box in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.diagrams.css_places import pixels
from catalogue.patterns.diagrams.picture import NOT_EMULATED, Box, Edge, Picture
from catalogue.patterns.diagrams.placement.geometry import Drawn, Point, Rect
from catalogue.patterns.diagrams.placement.layout import Layout
from catalogue.patterns.diagrams.shapes import HEAD_LENGTH, glyph, head, num, path, text
from catalogue.patterns.diagrams.style import FILE_STYLE
from catalogue.patterns.diagrams.text import balanced, wrap
from catalogue.patterns.diagrams.variants import Variant, dense, sketch, upright, wide


def render_diagram(
    pattern: Pattern,
    unavailable: Mapping[str, str] | None = None,
    *,
    beside: bool = False,
    linked: bool = True,
) -> SafeString:
    """Both variants and the legend, for a page; the numbered flow belongs below: the `[[flow]]` directive.

    `unavailable` are edges along which nothing goes, with the reason; the legend says it of each.
    `beside`: the picture is beside the text, in about half the page's width, so the wide variant is the dense one.
    `linked`: the boxes lead to the template's page.
    """
    return _rendered(Picture.of(pattern, unavailable, linked=linked), beside)


def render_diagram_file(pattern: Pattern, unavailable: Mapping[str, str] | None = None, *, linked: bool = True) -> str:
    """The wide variant as a file with its style inside; follows the reader's light or dark scheme."""
    picture = Picture.of(pattern, unavailable, linked=linked)
    body = _svg(picture, wide(picture), file=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def render_sketch(pattern: Pattern) -> SafeString:
    """The picture's shape without its words, for lists, where the pattern's name stands beside it."""
    return _sketched(Picture.of(pattern))


@lru_cache(maxsize=2048)
def _rendered(picture: Picture, beside: bool) -> SafeString:
    landscape, portrait = dense(picture) if beside else wide(picture), upright(picture)
    threshold = "s" if landscape[1].width <= 620 else "m" if landscape[1].width <= 900 else "l"
    hint = _hint(portrait[1].width)
    kinds = [kind for kind in ("sync", "async") if any(edge.kind == kind for edge in picture.edges)]
    legend = "".join(f"<li>{_legend_line(kind)}{_LEGEND[kind]}</li>" for kind in kinds)
    labels = {box.id: box.label for box in picture.boxes}
    legend += "".join(
        f'<li class="diagram__unavailable">{_legend_line(edge.kind, unavailable=True)}'
        f"<span>{NOT_EMULATED}: {escape(labels[edge.source])} to {escape(labels[edge.target])}. "
        f"{escape(edge.unavailable)}</span></li>"
        for edge in picture.edges
        if edge.unavailable
    )
    return mark_safe(  # noqa: S308  every value is escaped where it is written
        f'<div class="diagram" data-diagram="" data-size="{threshold}">{hint}'
        f'{_svg(picture, landscape)}{_svg(picture, portrait)}<ul class="diagram__legend">{legend}</ul></div>'
    )


_PHONE_WIDTH = 336.0
"""The widest upright picture that 320 points show without scrolling, as it may shrink a little."""
_PHONES = {"a": 336, "b": 366, "c": 388, "d": 452}
"""Widths of the frame on usual phones (360, 390, 412 and 480 points), by the class that hides the hint from there."""
_SHRINKS = 0.86
"""An upright picture may shrink to this part of its width (static/css/components/diagram.css)."""
_PADDING = 16
_LEGEND = {"sync": "waits for the answer", "async": "sends and continues"}


def _hint(width: float) -> str:
    """Says that an upright picture of this width is cut off, on screens where it is."""
    if width <= _PHONE_WIDTH:
        return ""
    fits = next((name for name, most in _PHONES.items() if width * _SHRINKS + _PADDING <= most), "")
    kind = f" hint-{fits}" if fits else ""
    words = "Wider than the screen. Scroll sideways to see all of it."
    return f'<p class="diagram__hint{kind}" aria-hidden="true">{words}</p>'


def _legend_line(kind: str, *, unavailable: bool = False) -> str:
    return (
        f'<svg viewBox="0 0 44 12" width="44" height="12" aria-hidden="true"><g class="{_class(kind, unavailable)}">'
        f'<path class="edge__line" d="M0 6H{42 - HEAD_LENGTH if kind == "sync" else 41}"/>'
        f"{head(Point(42, 6), Point(0, 6), kind)}</g></svg>"
    )


def _svg(picture: Picture, drawn: tuple[Variant, Layout], *, file: bool = False) -> str:
    variant, layout = drawn
    width, height = round(layout.width), round(layout.height)
    attributes = (
        f'class="diagram__picture diagram__picture--{variant.name} sized {pixels(width)}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    )
    kinds = {edge.key: edge for edge in picture.edges}
    parts = "".join(
        [
            *(_edge_svg(edge, kinds[key]) for key, edge in layout.edges.items()),
            *(_notes_svg(edge) for edge in layout.edges.values()),
            *(_node_svg(box, layout.boxes[box.id], variant, links=not file) for box in picture.boxes),
        ]
    )
    description = escape(picture.description)
    if file:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {attributes} role="img" '
            f'aria-labelledby="title description"><title id="title">{escape(picture.title)}</title>'
            f'<desc id="description">{description}</desc><style>{FILE_STYLE}</style>'
            f'<rect class="ground" width="{width}" height="{height}"/>{parts}</svg>'
        )
    name = escape(f"Diagram of {picture.title}")
    return f'<svg {attributes} role="group" aria-label="{name}"><desc>{description}</desc>{parts}</svg>'


def _edge_svg(edge: Drawn, told: Edge) -> str:
    *_, before, tip = edge.points
    return (
        f'<g class="{_class(told.kind, bool(told.unavailable))}" aria-hidden="true">'
        f'<path class="edge__line" data-edge="{escape(told.key)}" d="{path(edge.points, told.kind)}"/>'
        f"{head(tip, before, told.kind)}</g>"
    )


def _class(kind: str, unavailable: bool) -> str:
    return f"edge edge--{kind}{' edge--unavailable' if unavailable else ''}"


def _notes_svg(edge: Drawn) -> str:
    parts = []
    if edge.label is not None:
        x = {
            "start": edge.label.x,
            "middle": edge.label.center.x,
            "end": edge.label.right,
        }[edge.label_anchor]
        top, height = edge.label.y + 11, edge.wish.line_height
        lines = "".join(
            f'<tspan x="{num(x)}" y="{num(top + index * height)}">{escape(line)}</tspan>'
            for index, line in enumerate(edge.wish.label)
        )
        parts.append(f'<text class="edge__label" text-anchor="{edge.label_anchor}">{lines}</text>')
    if edge.marker is not None:
        box = edge.marker
        steps = escape(edge.wish.marker)
        parts.append(
            f'<g class="step" data-step="{steps}"><rect x="{num(box.x)}" y="{num(box.y)}" '
            f'width="{num(box.width)}" height="{num(box.height)}" rx="9"/>'
            f'<text x="{num(box.center.x)}" y="{num(box.center.y + 4.2)}" text-anchor="middle">'
            f"{steps}</text></g>"
        )
    return f'<g aria-hidden="true">{"".join(parts)}</g>' if parts else ""


def _node_svg(box: Box, place: Rect, variant: Variant, *, links: bool) -> str:
    kind = "node node--actor" if box.actor else "node"
    width, height = num(place.width), num(place.height)
    corner = ' rx="14"' if box.actor else ""
    outline = f'<rect class="node__box" width="{width}" height="{height}"{corner}/>'
    face = _stacked(box, place, variant) if variant.stacked else _beside(box, place, variant)
    count = f'<text class="node__count" data-count="{box.id}" x="{width}" y="-5" text-anchor="end"></text>'
    if links and box.href:
        # The link is the box; what is written on it is the link's name, and the count is read after it.
        said = escape(f"{box.label}, {box.service}: line {box.line} of the template")
        outline = f'<a href="{escape(box.href)}" aria-label="{said}">{outline}</a>'
        face = f'<g class="node__face" aria-hidden="true">{face}</g>'
    at = f"translate({num(place.x)} {num(place.y)})"
    return f'<g class="{kind}" data-node="{box.id}" transform="{at}">{outline}{face}{count}</g>'


def _beside(box: Box, place: Rect, variant: Variant) -> str:
    x = 48.0
    lines = _label_lines(box.label, variant, place.width - x - 8)
    height = len(lines) * 17 + 14
    top = (place.height - height) / 2 + 13
    return (
        glyph(box.glyph, 14, place.height / 2 - 12)
        + text(_label_class(variant), lines, x, top, 17, "start")
        + text("node__service", [box.service], x, top + len(lines) * 17 - 2, 14, "start")
    )


def _stacked(box: Box, place: Rect, variant: Variant) -> str:
    lines = _label_lines(box.label, variant, place.width - 12)
    x = place.width / 2
    top = 50.0 if len(lines) == 1 else 46.0
    return (
        glyph(box.glyph, x - 12, 8 if len(lines) > 1 else 12)
        + text(_label_class(variant), lines, x, top, 15, "middle")
        + text("node__service", [box.service], x, top + len(lines) * 15, 14, "middle")
    )


def _label_class(variant: Variant) -> str:
    return {15.0: "node__label", 13.5: "node__label node__label--small"}.get(
        variant.label_size, "node__label node__label--tiny"
    )


def _label_lines(label: str, variant: Variant, width: float) -> list[str]:
    lines = wrap(label, variant.label_size, width, variant.label_lines)
    return balanced(label, variant.label_size, variant.label_lines) if len(lines) > 1 else lines


@lru_cache(maxsize=2048)
def _sketched(picture: Picture) -> SafeString:
    layout = sketch(picture)
    actors = {box.id for box in picture.boxes if box.actor}
    kinds = {edge.key: edge.kind for edge in picture.edges}
    lines = "".join(
        f'<path{' class="a"' if kinds[key] == "async" else ""} d="{path(edge.points, "async")}"/>'
        for key, edge in layout.edges.items()
    )
    boxes = "".join(
        f'<rect{' class="o"' if id in actors else ""} x="{num(box.x)}" y="{num(box.y)}" '
        f'width="{num(box.width)}" height="{num(box.height)}"/>'
        for id, box in layout.boxes.items()
    )
    width, height = round(layout.width), round(layout.height)
    return mark_safe(  # noqa: S308  numbers only
        f'<svg class="sketch" viewBox="0 0 {width} {height}" '
        f'width="{width / 2.4:.0f}" height="{height / 2.4:.0f}" aria-hidden="true">{lines}{boxes}</svg>'
    )
