"""Layouts keep their promises for any diagram: lines keep clear of boxes, and labels of everything."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.patterns.diagrams.placement.geometry import Drawn, Rect, Segment, Wish, segments
from catalogue.patterns.diagrams.placement.layout import Layout, Place, Sizes, lay_out
from catalogue.patterns.diagrams.placement.route import _Ahead

WIDE = Sizes(box_width=140, box_height=68, column_gap=64, row_gap=52, padding=14, above=16)
UPRIGHT = Sizes(box_width=82, box_height=90, column_gap=17, row_gap=46, padding=4, may_widen=False)

CELLS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=2, max_size=9, unique=True)


@st.composite
def diagrams(draw: st.DrawFn) -> tuple[list[Place], list[Wish]]:
    places = [Place(f"N{index}", *cell) for index, cell in enumerate(draw(CELLS))]
    pairs = [(one.id, other.id) for one in places for other in places if one != other]
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=10, unique=True))
    kinds = st.sampled_from(["sync", "async"])
    return places, [wish(source, target, draw(kinds)) for source, target in chosen]


def wish(source: str, target: str, kind: str = "sync", label: tuple[str, ...] = ("label",)) -> Wish:
    width = max((len(line) for line in label), default=0) * 7.0
    return Wish(f"{source}>{target}", source, target, kind, label, width, 14.0, "1", 20.0)


def on_border(box: Rect, segment: Segment) -> bool:
    point = segment.start
    return (point.x in (box.x, box.right) and box.y <= point.y <= box.bottom) or (
        point.y in (box.y, box.bottom) and box.x <= point.x <= box.right
    )


def check(layout: Layout) -> None:
    for edge in layout.edges.values():
        pieces = segments(edge.points)
        assert all(piece.level or piece.start.x == piece.end.x for piece in pieces)
        assert on_border(layout.boxes[edge.wish.source], pieces[0])
        assert on_border(layout.boxes[edge.wish.target], Segment(pieces[-1].end, pieces[-1].start))
        for piece in pieces:
            for box in layout.boxes.values():
                assert piece.rect(0).overlap(box.grown(-1)) == 0
                assert not box.contains(piece.middle)
    for rect in layout.boxes.values():
        assert rect.x >= 0
        assert rect.y >= 0
        assert rect.right <= layout.width
        assert rect.bottom <= layout.height


@settings(max_examples=30)
@given(diagrams())
def test_no_line_of_any_diagram_goes_through_a_box(diagram: tuple[list[Place], list[Wish]]) -> None:
    check(lay_out(*diagram, WIDE))


@settings(max_examples=30)
@given(diagrams())
def test_nor_does_one_in_the_upright_variant(diagram: tuple[list[Place], list[Wish]]) -> None:
    check(lay_out(*diagram, UPRIGHT))


def routed(places: list[Place], wishes: list[Wish], sizes: Sizes = WIDE) -> Layout:
    layout = lay_out(places, wishes, sizes)
    check(layout)
    return layout


@settings(max_examples=150, deadline=None)
@given(diagram=diagrams(), sizes=st.sampled_from([WIDE, UPRIGHT]))
def test_the_search_towards_the_goal_finds_the_ways_of_a_search_in_every_direction(
    diagram: tuple[list[Place], list[Wish]], sizes: Sizes
) -> None:
    found = lay_out(*diagram, sizes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Ahead, "cost", lambda self, state: 0.0)
        assert found == lay_out(*diagram, sizes)


def test_neighbors_are_joined_by_one_straight_line() -> None:
    layout = routed([Place("A", 0, 0), Place("B", 1, 0)], [wish("A", "B")])

    assert len(layout.edges["A>B"].points) == 2


def test_a_way_back_does_not_run_on_the_way_there() -> None:
    layout = routed([Place("A", 0, 0), Place("B", 1, 0)], [wish("A", "B"), wish("B", "A")])
    there, back = layout.edges["A>B"], layout.edges["B>A"]

    assert not any(
        one.rect(2).overlap(other.rect(2)) > 8 for one in segments(there.points) for other in segments(back.points)
    )


def test_a_line_goes_around_what_stands_between() -> None:
    layout = routed([Place("A", 0, 0), Place("B", 1, 0), Place("C", 2, 0)], [wish("A", "C")])

    assert len(layout.edges["A>C"].points) > 2


def test_the_channel_is_as_wide_as_its_label() -> None:
    layout = routed([Place("A", 0, 0), Place("B", 1, 0)], [wish("A", "B", label=("a label of thirty letters, long",))])
    label = layout.edges["A>B"].label

    assert layout.collisions == 0
    assert label is not None
    assert all(label.overlap(box) == 0 for box in layout.boxes.values())


def test_a_label_without_room_is_left_out_of_the_upright_variant_but_its_number_stays() -> None:
    layout = routed([Place("A", 0, 0), Place("B", 1, 0)], [wish("A", "B", label=("wider than the gap",))], UPRIGHT)
    edge: Drawn = layout.edges["A>B"]

    assert edge.label is None
    assert edge.marker is not None
    assert all(edge.marker.overlap(box) == 0 for box in layout.boxes.values())


@pytest.mark.parametrize("columns", [(0, 1), (0, 5), (3, 4)])
def test_empty_columns_take_no_room(columns: tuple[int, int]) -> None:
    first, second = columns
    layout = routed([Place("A", first, 0), Place("B", second, 0)], [wish("A", "B")])

    assert layout.width < 400
