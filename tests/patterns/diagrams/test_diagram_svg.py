"""The drawn diagrams: every node and edge is there, can be found by scripts, and collides with nothing."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from django.conf import settings

from catalogue.patterns.content.pattern import Pattern, load_pattern, pattern_folders, read_pattern
from catalogue.patterns.diagrams.glyphs import glyph_shapes
from catalogue.patterns.diagrams.picture import Picture
from catalogue.patterns.diagrams.placement.geometry import segments
from catalogue.patterns.diagrams.svg import render_diagram, render_diagram_file, render_sketch
from catalogue.patterns.diagrams.text import balanced, text_width, wrap
from catalogue.patterns.diagrams.variants import upright, wide
from catalogue.patterns.services.known import services
from tests.patterns.support.example import write_pattern

REAL = [
    each
    for folder in pattern_folders(Path(settings.BASE_DIR, "patterns_content"))
    if (each := read_pattern(folder)[0]) is not None
]


@pytest.fixture
def pattern(tmp_path: Path) -> Pattern:
    return load_pattern(write_pattern(tmp_path, title="Parcel <Counter> & Co"))


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.slug)
def test_every_node_and_edge_of_a_pattern_is_drawn_in_both_variants(real: Pattern) -> None:
    drawn = parsed(render_diagram(real))
    nodes = sorted(node.id for node in real.diagram.nodes)
    edges = sorted(f"{edge.source}>{edge.target}" for edge in real.diagram.edges)

    for variant in drawn.findall("svg"):
        assert sorted(group.attrib["data-node"] for group in variant.iterfind(".//g[@data-node]")) == nodes
        assert sorted(path.attrib["data-edge"] for path in variant.iterfind(".//path[@data-edge]")) == edges


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.slug)
def test_no_label_or_number_of_a_pattern_collides(real: Pattern) -> None:
    layout = wide(Picture.of(real))[1]

    assert layout.collisions == 0
    notes = [rect for edge in layout.edges.values() for rect in (edge.label, edge.marker) if rect is not None]
    for note in notes:
        assert all(note.overlap(box) == 0 for box in layout.boxes.values())
        assert sum(note.overlap(other) > 0 for other in notes) == 1  # itself
    assert all(edge.label is not None for edge in layout.edges.values() if edge.wish.label)


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.slug)
def test_no_line_of_a_pattern_goes_through_a_box(real: Pattern) -> None:
    for _, layout in (wide(Picture.of(real)), upright(Picture.of(real))):
        for edge in layout.edges.values():
            for piece in segments(edge.points):
                assert all(piece.rect(0).overlap(box.grown(-1)) == 0 for box in layout.boxes.values())


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.slug)
def test_labels_fit_into_their_boxes(real: Pattern) -> None:
    for variant, layout in (wide(Picture.of(real)), upright(Picture.of(real))):
        room = layout.boxes[real.diagram.nodes[0].id].width - (4 if variant.stacked else 52)
        for node in real.diagram.nodes:
            lines = balanced(node.label, variant.label_size, variant.label_lines)
            assert max(text_width(line, variant.label_size) for line in lines) <= room, node.label


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.slug)
def test_the_numbers_are_those_of_the_flow(real: Pattern) -> None:
    expected = set(range(1, len(real.diagram.flow) + 1))
    variant = parsed(render_diagram(real)).find("svg")
    assert variant is not None
    shown = {
        int(number) for group in variant.iterfind(".//g[@data-step]") for number in group.attrib["data-step"].split("·")
    }

    assert shown == expected


def test_a_resource_is_a_link_to_its_lines_and_an_actor_is_not(pattern: Pattern) -> None:
    drawn = parsed(render_diagram(pattern))
    line = pattern.template.resources["WebFunction"].line

    function = drawn.find(".//g[@data-node='WebFunction']/a")
    assert function is not None
    assert function.attrib["href"] == f"/patterns/parcel-counter/source/template.yaml#L{line}"
    assert function.attrib["aria-label"] == f"Web function, Lambda: line {line} of the template"
    assert list(function.itertext()) == [], (
        "its name is the whole name: what is written on it, and the count, are not in it"
    )
    assert drawn.find(".//g[@data-node='WebFunction']/text[@data-count='WebFunction']") is not None
    assert drawn.find(".//g[@data-node='Client']/a") is None


def test_the_picture_is_a_named_and_described_group(pattern: Pattern) -> None:
    for variant in parsed(render_diagram(pattern)).findall("svg"):
        assert variant.attrib["role"] == "group"
        assert variant.attrib["aria-label"] == "Diagram of Parcel <Counter> & Co"
        assert variant.findtext("desc") == pattern.diagram.description


def test_synchronous_and_asynchronous_edges_differ_in_line_and_head(pattern: Pattern) -> None:
    changed = pattern.diagram.edges[0].model_copy(update={"kind": "async"})
    mixed = pattern.diagram.model_copy(update={"edges": (changed, *pattern.diagram.edges[1:])})
    object.__setattr__(pattern, "diagram", mixed)
    drawn = parsed(render_diagram(pattern))

    heads = {
        kind: [head.attrib["d"] for head in drawn.iterfind(f".//g[@class='edge edge--{kind}']/path[2]")]
        for kind in ("sync", "async")
    }
    assert all(head.endswith("z") for head in heads["sync"])
    assert not any(head.endswith("z") for head in heads["async"])
    legend = [item.text or "".join(item.itertext()) for item in drawn.iterfind(".//li")]
    assert legend == ["waits for the answer", "sends and continues"]


def test_every_node_has_an_empty_place_for_a_counter(pattern: Pattern) -> None:
    for variant in parsed(render_diagram(pattern)).findall("svg"):
        counters = variant.findall(".//text[@data-count]")
        assert {counter.attrib["data-count"] for counter in counters} == {"Client", "Api", "WebFunction"}
        assert all(not counter.text for counter in counters)


def test_a_page_can_hold_the_picture_without_an_id_of_its_own(pattern: Pattern) -> None:
    assert not re.search(r"\bid=", render_diagram(pattern))


def test_the_file_stands_alone(pattern: Pattern) -> None:
    file = render_diagram_file(pattern)
    svg = parsed(file.partition("?>")[2])

    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert "prefers-color-scheme:dark" in file
    assert "var(--paper)" not in file
    assert not re.search(r"(?:href|src|url)\s*[=(]", file.replace("http://www.w3.org/2000/svg", ""))
    assert svg.findtext("{http://www.w3.org/2000/svg}title") == "Parcel <Counter> & Co"


def test_a_sketch_has_a_shape_for_each_node_and_edge_and_no_words(pattern: Pattern) -> None:
    sketch = parsed(render_sketch(pattern))

    assert len(sketch.findall("rect")) == 3
    assert len(sketch.findall("path")) == 2
    assert not "".join(sketch.itertext())


def test_every_known_service_and_actor_has_a_drawing_of_its_own() -> None:
    names = [*services().by_key, "client", "person", "system"]
    drawings = [glyph_shapes(name) for name in names]

    assert len(set(drawings)) == len(names)
    assert glyph_shapes("no-such-service") == glyph_shapes("plumbing")
    assert all("currentColor" in drawing for drawing in drawings)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Order queue", ["Order", "queue"]),
        ("Dead letters of orders", ["Dead letters", "of orders"]),
        ("Api", ["Api"]),
    ],
)
def test_words_are_broken_into_lines_of_like_width(text: str, lines: list[str]) -> None:
    assert balanced(text, 12, 2) == lines


def test_wrapping_keeps_every_word() -> None:
    assert wrap("one two three four", 12, 30, 2) == ["one", "two three four"]
