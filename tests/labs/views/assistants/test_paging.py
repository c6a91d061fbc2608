"""Texts and lists in pages: each has its end, none is too long, and together they are the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.labs.assistants.paging import NoSuchPage, page_of_items, page_of_text, shortened


@given(st.text(alphabet="ab\n\r é", max_size=300), st.integers(1, 40))
def test_the_pages_of_a_text_are_the_text(text: str, size: int) -> None:
    pages = page_of_text(text, 1, size)["pages"]
    read = [page_of_text(text, page, size)["text"] for page in range(1, pages + 1)]
    assert "".join(read) == text
    assert all(len(page) <= size for page in read)


def test_a_page_ends_where_a_line_ends() -> None:
    assert page_of_text("one\ntwo\nthree\n", 1, 9) == {"text": "one\ntwo\n", "page": 1, "pages": 2}


def test_a_list_has_pages_and_an_empty_one_has_one() -> None:
    assert page_of_items([1, 2, 3], 2, 2) == {"items": [3], "page": 2, "pages": 2}
    assert page_of_items([], 1) == {"items": [], "page": 1, "pages": 1}


@pytest.mark.parametrize("page", [0, -1, 3])
def test_a_page_that_does_not_exist_says_which_do(page: int) -> None:
    with pytest.raises(NoSuchPage, match="The pages are 1 to 2"):
        page_of_items([1, 2, 3], page, 2)
    with pytest.raises(NoSuchPage, match="The pages are 1 to 2"):
        page_of_text("ab", page, 1)


def test_a_long_text_is_cut_and_says_so() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "abc… (4 characters in all)"
