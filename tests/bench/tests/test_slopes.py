"""Whether the cost of a lab grows with their number."""

import pytest

from tests.bench.suites.labs.capacity import Size, slopes


@pytest.mark.parametrize(("last", "verdict"), [(11.0, "pass"), (20.0, "MISS")])
def test_the_slope_of_many_labs_is_held_to_that_of_few(last: float, verdict: str) -> None:
    sizes = [Size(0, 0, 300), Size(1, 2, 350), Size(10, 3, 440), Size(100, 3 + last * 0.9, 440 + 90 * last)]
    ratios = [figure for figure in slopes(sizes, 0) if figure.unit == "×"]
    assert [figure.name for figure in ratios] == [
        "cost of a lab, many to few: time",
        "cost of a lab, many to few: memory",
    ]
    assert [round(figure.value, 2) for figure in ratios] == [round(last / 10 * 0.9, 2), round(last / 10, 2)]
    assert ratios[1].verdict == verdict
