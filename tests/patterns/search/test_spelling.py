"""A search forgives a typo: the nearest known word is taken, and the page says so."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from catalogue.patterns.content.library import library
from catalogue.patterns.search.query import look_for
from catalogue.patterns.search.spelling import Words, distance
from tests.patterns.support.example import write_pattern

WORDS = Words(["idempotent idempotent queue queue queues throttling payment", "naïve"])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("idempotnt", "idempotent"),
        ("Idmepotent", "idempotent"),
        ("thorttling", "throttling"),
        ("quue", "queue"),
        ("uqeue", "queue"),
        ("queue", None),
        ("qqqq", None),
        ("que", None),
        ("pa", None),
    ],
)
def test_the_nearest_word_is_found_or_none(typed: str, meant: str | None) -> None:
    assert WORDS.nearest(typed) == meant


@given(st.text("abcd", max_size=7), st.text("abcd", max_size=7))
def test_the_distance_is_symmetric_and_bounded(one: str, other: str) -> None:
    far = distance(one, other, 20)
    assert far == distance(other, one, 20)
    assert abs(len(one) - len(other)) <= far <= max(len(one), len(other))
    assert (far == 0) == (one == other)
    assert distance(one, other, 1) == min(far, 2)


def test_a_typo_finds_what_was_meant_and_the_page_says_so(client: Client, tmp_path: Path, settings: Any) -> None:
    settings.CONTENT_DIR = tmp_path
    write_pattern(tmp_path, title="Parcel Counter")
    assert library().by_slug
    found = look_for("parcl cuonter")
    assert [result.pattern.slug for result in found.results] == ["parcel-counter"]
    assert found.instead == "parcel counter"
    assert look_for("parcel").instead == ""
    assert look_for("xyzzyx").results == []

    page = client.get("/search/", {"q": "parcl"}, headers={"accept": "text/html"}).content.decode()
    assert "for “parcel”. No pattern contains “parcl”." in page
