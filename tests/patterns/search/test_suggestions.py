"""What a wrong address may have meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.patterns.content.library import Library, read_library
from catalogue.patterns.search.suggestions import near_in
from tests.patterns.support.example import write_pattern


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("content")
    write_pattern(folder, "gateway-cache", title="Gateway Cache")
    write_pattern(folder, "gateway-proxy", title="Gateway Proxy")
    write_pattern(folder, "queue-based-load-leveling", title="Queue-Based Load Leveling")
    return read_library(folder)


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("/patterns/gateway-cash/", "/patterns/gateway-cache/"),
        ("/patterns/Gateway_Proxy", "/patterns/gateway-proxy/"),
        ("/gateway-proxy", "/patterns/gateway-proxy/"),
        ("/patterns/queue-load-leveling.md", "/patterns/queue-based-load-leveling/"),
        (
            "/patterns/gateway-cache/source/functions/web/ap.py",
            "/patterns/gateway-cache/source/functions/web/app.py",
        ),
        ("/patterns/gateway-cache/nothing-like-it", "/patterns/gateway-cache/"),
    ],
)
def test_the_nearest_name_comes_first(shelf: Library, path: str, first: str) -> None:
    assert near_in(shelf, path)[0].url == first


def test_what_is_near_nothing_gets_no_suggestion(shelf: Library) -> None:
    assert near_in(shelf, "/wp-login.php") == []


@given(st.text(max_size=400))
def test_no_path_is_an_error(shelf: Library, path: str) -> None:
    assert len(near_in(shelf, path)) <= 3
