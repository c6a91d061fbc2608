"""What wrk takes for good, and what we do: an answer that is not the expected one is a failure."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.pages import nginx
from tests.bench.pages.load import CONNECTIONS, all_alike, load, missing, warm, whole_length

pytestmark = pytest.mark.skipif(bool(missing() or nginx.missing()), reason="nginx and wrk are needed")
ACCEPTS = {"Accept-Encoding": "identity"}
BODY = b"x" * 20_000


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    with nginx.running(tmp_path, 1, BODY, b"", {"Cache-Control": "public"}) as address:
        yield address


def test_a_round_of_the_expected_answers_has_no_failure(page: str) -> None:
    length = whole_length(page, ACCEPTS, 200)
    assert len(BODY) < length < len(BODY) + 1000
    assert warm(page, 1, ACCEPTS, 200) == 0
    assert load(page, 1, ACCEPTS, length).failed == 0


def test_another_status_than_the_expected_one_is_a_failure(page: str) -> None:
    assert warm(page, 1, ACCEPTS, 304) > 0
    with pytest.raises(ValueError, match="not 304"):
        whole_length(page, ACCEPTS, 304)
    assert load(page, 1, ACCEPTS, 250).failed > 0, "whole pages where short answers were expected"
    assert load(page, 1, ACCEPTS, 40_000).failed > 0, "and the other way round"


def test_one_page_among_many_answers_without_a_body_shows_in_the_sum() -> None:
    assert all_alike(1000, 1000 * 250, 250)
    assert all_alike(1000, (1000 + CONNECTIONS) * 250, 250), "so many were under way"
    assert not all_alike(1000, 999 * 250 + 20_250, 250)
    assert not all_alike(1000, 999 * 20_250 + 250, 20_250)
