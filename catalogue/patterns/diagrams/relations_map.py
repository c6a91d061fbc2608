"""The map of how the patterns relate: one row a pattern, one arc a relation. Drawn from their metadata.

It is as narrow as a phone, so that its words keep their size. Each row's group holds copies of its own arcs, which the
style sheet shows while the row has the pointer or the focus: no script is needed to follow a relation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from catalogue.patterns.content.cards import Listed
from catalogue.patterns.diagrams.shapes import num
from catalogue.patterns.diagrams.text import wrap

WIDTH = 300
_SPINE = 92.0
"""Where the rows' dots stand; the arcs are left of it."""
_ROW, _LEVEL = 44.0, 40.0
_SIZE = 14.0
_TEXT = _SPINE + 14.0
_NEAREST, _FARTHEST = 18.0, 84.0
_HEAD = 6.0
_SAME = {"leads to": "builds on"}
"""A relation that is another one, seen from its other end."""


@dataclass(frozen=True)
class Arc:
    source: str
    target: str
    kind: str
    """`builds on`, `combines with`, `alternative to` or `protects`."""

    @property
    def directed(self) -> bool:
        return self.kind in ("builds on", "protects")


def arcs(patterns: Sequence[Listed]) -> tuple[Arc, ...]:
    """Every relation between two of these patterns once, whichever of them names it, in the patterns' order."""
    known = {pattern.slug for pattern in patterns}
    found: dict[tuple[str, frozenset[str]], Arc] = {}
    for pattern in patterns:
        for related in pattern.front.related:
            if related.pattern not in known:
                continue
            kind = _SAME.get(related.relation, related.relation)
            ends = (pattern.slug, related.pattern)
            if kind != related.relation:
                ends = (related.pattern, pattern.slug)
            arc = Arc(*ends, kind)
            found.setdefault((kind, frozenset(ends)), arc)
    return tuple(found.values())


def render_map(patterns: Sequence[Listed]) -> SafeString:
    """The map as SVG; `patterns` by level. Its size is in its viewBox."""
    places: dict[str, float] = {}
    levels: list[str] = []
    y = 0.0
    for level, group in groupby(patterns, key=lambda pattern: pattern.level):
        y += _LEVEL
        levels.append(f'<text class="map__level" x="{num(_TEXT)}" y="{num(y - 10)}">{level}</text>')
        for pattern in group:
            places[pattern.slug] = y + _ROW / 2
            y += _ROW
    drawn = {arc: _arc(arc, places, len(places)) for arc in arcs(patterns)}
    rows = "".join(_row(pattern, places[pattern.slug], drawn) for pattern in patterns)
    svg = (
        f'<svg class="map" viewBox="0 0 {WIDTH} {num(y + 8)}" role="group" '
        'aria-label="Map of the patterns and their relations">'
        f'<g class="map__all" aria-hidden="true">{"".join(drawn.values())}</g>{"".join(levels)}{rows}</svg>'
    )
    return mark_safe(svg)  # noqa: S308  (what it is made of is escaped)


def _row(pattern: Listed, y: float, drawn: dict[Arc, str]) -> str:
    own = "".join(path for arc, path in drawn.items() if pattern.slug in (arc.source, arc.target))
    lines = wrap(pattern.title, _SIZE, WIDTH - _TEXT - 2, 2)
    first = y + 5 - (len(lines) - 1) * _SIZE * 0.6
    text = "".join(
        f'<tspan x="{num(_TEXT)}" y="{num(first + place * _SIZE * 1.2)}">{escape(line)}</tspan> '
        for place, line in enumerate(lines)
    )
    return (
        f'<g class="map__row"><g class="map__own" aria-hidden="true">{own}</g>'
        f'<a href="{escape(pattern.url)}"><rect class="map__field" x="{num(_SPINE - 12)}" y="{num(y - _ROW / 2 + 1)}" '
        f'width="{num(WIDTH - _SPINE + 11)}" height="{num(_ROW - 2)}"/>'
        f'<circle class="map__dot" cx="{num(_SPINE)}" cy="{num(y)}" r="4.5"/>'
        f'<text class="map__title">{text.rstrip()}</text></a></g>'
    )


def _arc(arc: Arc, places: dict[str, float], rows: int) -> str:
    """A curve left of the spine, wider where its ends are farther apart, with a head where it has a direction."""
    start, end = places[arc.source], places[arc.target]
    far = abs(end - start) / (_ROW * max(1, rows))
    reach = min(_FARTHEST, _NEAREST + (_FARTHEST - _NEAREST) * far**0.6)
    x = _SPINE - 5
    bend = x - reach * 4 / 3
    shift = 3.0 if end > start else -3.0
    line = f"M{num(x)} {num(start + shift)}C{num(bend)} {num(start)} {num(bend)} {num(end)} {num(x)} {num(end - shift)}"
    head = ""
    if arc.directed:
        tip = end - shift
        head = (
            f'<path class="map__head" d="M{num(x)} {num(tip)}L{num(x - _HEAD - 1)} {num(tip - _HEAD / 2)}'
            f'V{num(tip + _HEAD / 2)}z"/>'
        )
    kind = arc.kind.replace(" ", "-")
    return f'<g class="map__arc map__arc--{kind}"><path class="map__line" d="{line}"/>{head}</g>'
