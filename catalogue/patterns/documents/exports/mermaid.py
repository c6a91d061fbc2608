"""A pattern's diagram as a Mermaid flowchart: https://mermaid.js.org/syntax/flowchart.html (read 2026-12-01). Pure."""

import json

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.diagrams.picture import Box, Edge, Picture

_RESERVED = {"end", "default", "graph", "flowchart", "subgraph", "style", "class", "click", "linkstyle", "direction"}


def mermaid(pattern: Pattern) -> str:
    """A box for each node, an arrow for each edge: solid where the caller waits, dotted where it does not."""
    picture = Picture.of(pattern, linked=False)
    lines = ["---", f"title: {json.dumps(picture.title, ensure_ascii=False)}", "---", "flowchart LR"]
    lines += [f"  {_box(box)}" for box in picture.boxes]
    lines += [f"  {_edge(edge)}" for edge in picture.edges]
    return "\n".join(lines) + "\n"


def _box(box: Box) -> str:
    label = _text(f"{box.label}\n{box.service}" if box.service else box.label)
    left, right = ("([", "])") if box.actor else ("[", "]")
    return f"{_id(box.id)}{left}{label}{right}"


def _edge(edge: Edge) -> str:
    numbers = f"{', '.join(map(str, edge.numbers))}: " if edge.numbers and edge.label else ""
    label = f"{numbers}{edge.label}" or ", ".join(map(str, edge.numbers))
    arrow = "-->" if edge.kind == "sync" else "-.->"
    return f"{_id(edge.source)} {arrow}{f'|{_text(label)}|' if label else ''} {_id(edge.target)}"


def _id(id: str) -> str:
    """Words of Mermaid's own are no ids there."""
    return f"{id}_" if id.lower() in _RESERVED else id


def _text(text: str) -> str:
    """In quotes, with entity codes for what Mermaid or HTML would read as markup."""
    codes = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "\n": "<br/>"}
    return f'"{"".join(codes.get(sign, sign) for sign in text)}"'
