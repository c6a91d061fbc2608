"""The layout of a diagram that no author has laid out."""

from hypothesis import given
from hypothesis import strategies as st

from catalogue.patterns.diagrams.placement.layers import placed

NODES = [f"n{number}" for number in range(24)]
GRAPHS = st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), max_size=60)


@given(GRAPHS)
def test_no_two_nodes_share_a_cell_and_each_has_one(edges: list[tuple[str, str]]) -> None:
    cells = placed(NODES, edges)

    assert list(cells) == NODES
    assert len(set(cells.values())) == len(NODES)
    assert min(min(cell) for cell in cells.values()) == 0


@given(GRAPHS)
def test_without_cycles_every_arrow_leads_to_the_right(edges: list[tuple[str, str]]) -> None:
    forward = [(a, b) for a, b in edges if NODES.index(a) < NODES.index(b)]

    cells = placed(NODES, forward)

    assert all(cells[a][0] < cells[b][0] for a, b in forward)


def test_a_chain_is_one_row() -> None:
    assert placed(["a", "b", "c"], [("a", "b"), ("b", "c")]) == {"a": (0, 0), "b": (1, 0), "c": (2, 0)}


def test_a_source_stands_just_before_what_it_leads_to() -> None:
    cells = placed(["a", "b", "c", "alarm"], [("a", "b"), ("b", "c"), ("alarm", "c")])

    assert cells["alarm"][0] == 1


def test_an_arrow_that_closes_a_cycle_is_the_only_one_that_leads_back() -> None:
    edges = [("api", "worker"), ("worker", "queue"), ("queue", "worker")]

    cells = placed(["api", "worker", "queue"], edges)

    assert [cells[a][0] < cells[b][0] for a, b in edges] == [True, True, False]


def test_nodes_without_arrows_stand_below_the_others() -> None:
    cells = placed(["a", "b", *NODES[:6]], [("a", "b")])

    assert all(cells[node][1] > 0 for node in NODES[:6])
    assert {cells[node][1] for node in NODES[:6]} == {1, 2}


def test_ends_that_are_no_nodes_count_for_nothing() -> None:
    assert placed(["a"], [("a", "elsewhere"), ("a", "a")]) == {"a": (0, 0)}
