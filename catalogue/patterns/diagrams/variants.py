"""The layouts of every picture: wide for a page of its own, dense for the workbench, upright for a phone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from catalogue.patterns.diagrams.picture import Picture
from catalogue.patterns.diagrams.placement.geometry import Wish
from catalogue.patterns.diagrams.placement.layout import Layout, Place, Sizes, lay_out
from catalogue.patterns.diagrams.text import balanced, text_width

LABEL, SMALL, NUMBER = 15.0, 12.0, 12.0
DENSE_LABEL = 13.5


@dataclass(frozen=True)
class Variant:
    name: str
    sizes: Sizes
    upright: bool
    stacked: bool
    """Glyph over label, for narrow boxes; otherwise beside it."""
    label_size: float
    label_lines: int


@lru_cache(maxsize=64)
def wide(picture: Picture) -> tuple[Variant, Layout]:
    """Kept a while: the page shows it, and so does the file of the same picture."""
    label = max(max(text_width(line, LABEL) for line in balanced(box.label, LABEL, 2)) for box in picture.boxes)
    service = max(text_width(box.service, SMALL) for box in picture.boxes)
    sizes = Sizes(
        box_width=max(128.0, 58 + max(label, service)),
        box_height=68,
        column_gap=64,
        row_gap=52,
        padding=14,
        above=16,
    )
    variant = Variant("wide", sizes, upright=False, stacked=False, label_size=LABEL, label_lines=2)
    return variant, lay_out([Place(box.id, box.column, box.row) for box in picture.boxes], _wishes(picture, 2), sizes)


def dense(picture: Picture) -> tuple[Variant, Layout]:
    """As wide, with the glyph over the label: for the half of a page that the workbench gives to the picture."""
    label = max(
        max(text_width(line, DENSE_LABEL) for line in balanced(box.label, DENSE_LABEL, 2)) for box in picture.boxes
    )
    service = max(text_width(box.service, SMALL) for box in picture.boxes)
    sizes = Sizes(
        box_width=max(88.0, 14 + max(label, service)),
        box_height=90,
        column_gap=40,
        row_gap=48,
        padding=6,
        above=14,
    )
    variant = Variant("wide", sizes, upright=False, stacked=True, label_size=DENSE_LABEL, label_lines=2)
    return variant, lay_out([Place(box.id, box.column, box.row) for box in picture.boxes], _wishes(picture, 2), sizes)


def upright(picture: Picture) -> tuple[Variant, Layout]:
    """Rows and columns change places; up to three boxes stand side by side within 288 units."""
    across = len({box.row for box in picture.boxes})
    box_width, gap = {1: (168.0, 40.0), 2: (112.0, 40.0)}.get(across, (82.0, 17.0))
    stacked = across > 1
    sizes = Sizes(
        box_width=box_width,
        box_height=90 if stacked else 64,
        column_gap=gap,
        row_gap=46,
        padding=4,
        above=0 if stacked else 12,
        may_widen=False,
    )
    size = 12.5 if across > 2 else 13.5
    variant = Variant("upright", sizes, upright=True, stacked=stacked, label_size=size, label_lines=2)
    places = [Place(box.id, box.row, box.column) for box in picture.boxes]
    return variant, lay_out(places, _wishes(picture, 2), sizes)


def sketch(picture: Picture) -> Layout:
    """Boxes and lines alone."""
    sizes = Sizes(box_width=48, box_height=40, column_gap=64, row_gap=44, padding=4)
    wishes = [Wish(edge.key, edge.source, edge.target, edge.kind) for edge in picture.edges]
    return lay_out([Place(box.id, box.column, box.row) for box in picture.boxes], wishes, sizes)


def _wishes(picture: Picture, most: int) -> list[Wish]:
    wishes = []
    for edge in picture.edges:
        lines = tuple(balanced(edge.label, SMALL, most if len(edge.label) > 11 else 1))
        marker = "·".join(map(str, edge.numbers))
        wishes.append(
            Wish(
                edge.key,
                edge.source,
                edge.target,
                edge.kind,
                lines,
                max((text_width(line, SMALL) for line in lines), default=0.0),
                14.0,
                marker,
                max(20.0, text_width(marker, NUMBER) + 12) if marker else 0.0,
            )
        )
    return wishes
