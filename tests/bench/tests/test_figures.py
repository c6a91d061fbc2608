"""A figure's verdict: nothing is called good that failed or was not measured, and what was skipped is named."""

import math

import pytest

from tests.bench.figures import Figure, percentile, skip, table


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (Figure("a", 2, "ms", 5, 0, "at most", 2), "pass"),
        (Figure("a", 2.1, "ms", 5, 0, "at most", 2), "MISS"),
        (Figure("a", 0.8, "×", 5, 0, "at least", 0.75), "pass"),
        (Figure("a", 0.8, "×", 5, 1, "at least", 0.75), "INVALID"),
        (Figure("a", 0.8, "×", 0, 0, "at least", 0.75), "INVALID"),
        (Figure("a", math.nan, "×", 5), "INVALID"),
        (Figure("a", 2, "ms", 5), ""),
        (skip("a", "nginx is not installed", "at least", 0.75), "skipped"),
    ],
)
def test_verdicts(figure: Figure, verdict: str) -> None:
    assert figure.verdict == verdict


def test_a_skipped_figure_says_why_in_table_and_document() -> None:
    figure = skip("page: of nginx's", "nginx is not installed", "at least", 0.75)

    assert "skipped  nginx is not installed" in table([figure])
    assert figure.document() | {"value": None, "skipped": "nginx is not installed"} == figure.document()


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([3, 1, 2], 50) == 2
    assert percentile([1, 2], 95) == 2
    assert math.isnan(percentile([], 50))
