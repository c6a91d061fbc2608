"""A pattern's diagram as a file for draw.io: boxes and arrows where the picture has them. Pure.

The format is mxGraph's model in XML: https://www.drawio.com/doc/faq/diagram-source-edit (read 2026-12-01).
"""

from xml.etree import ElementTree as Xml

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.diagrams.picture import Box, Edge, Picture
from catalogue.patterns.diagrams.placement.geometry import Drawn, Rect
from catalogue.patterns.diagrams.variants import wide

_BOX = "rounded=0;whiteSpace=wrap;html=1;"
_ACTOR = "rounded=1;dashed=1;whiteSpace=wrap;html=1;"
_ARROW = "edgeStyle=orthogonalEdgeStyle;rounded=1;html=1;endArrow=block;endFill=1;"
_SENT = "edgeStyle=orthogonalEdgeStyle;rounded=1;html=1;dashed=1;endArrow=open;endFill=0;"


def drawio(pattern: Pattern) -> str:
    """An `mxfile` with one page."""
    picture = Picture.of(pattern, linked=False)
    _, layout = wide(picture)
    file = Xml.Element("mxfile", host="serverless-patterns")
    page = Xml.SubElement(file, "diagram", id=pattern.slug, name=picture.title)
    model = Xml.SubElement(
        page, "mxGraphModel", grid="1", gridSize="10", page="1", pageWidth=_number(layout.width + 40)
    )
    root = Xml.SubElement(model, "root")
    Xml.SubElement(root, "mxCell", id="0")
    Xml.SubElement(root, "mxCell", {"id": "1", "parent": "0"})
    for box in picture.boxes:
        _add_box(root, box, layout.boxes[box.id])
    for edge in picture.edges:
        _add_edge(root, edge, layout.edges[edge.key])
    Xml.indent(file)
    return Xml.tostring(file, encoding="unicode") + "\n"


def _add_box(root: Xml.Element, box: Box, place: Rect) -> None:
    label = _html(box.label) + (f"<br><small>{_html(box.service)}</small>" if box.service else "")
    style = _ACTOR if box.actor else _BOX
    cell = Xml.SubElement(root, "mxCell", {"id": box.id, "value": label, "style": style, "vertex": "1", "parent": "1"})
    geometry = {"x": place.x, "y": place.y, "width": place.width, "height": place.height}
    numbers = {name: _number(value) for name, value in geometry.items()}
    Xml.SubElement(cell, "mxGeometry", {**numbers, "as": "geometry"})


def _add_edge(root: Xml.Element, edge: Edge, drawn: Drawn) -> None:
    style = _ARROW if edge.kind == "sync" else _SENT
    ends = {"source": edge.source, "target": edge.target, "parent": "1"}
    cell = Xml.SubElement(
        root, "mxCell", {"id": edge.key, "value": _html(edge.label), "style": style, "edge": "1", **ends}
    )
    geometry = Xml.SubElement(cell, "mxGeometry", {"relative": "1", "as": "geometry"})
    if turns := drawn.points[1:-1]:
        points = Xml.SubElement(geometry, "Array", {"as": "points"})
        for point in turns:
            Xml.SubElement(points, "mxPoint", x=_number(point.x), y=_number(point.y))


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
