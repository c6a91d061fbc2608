"""Search: ranked, with the matching passage, and never an error."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.patterns.content.pattern import load_pattern
from catalogue.patterns.search import index as search_index
from catalogue.patterns.search.index import Entry
from catalogue.patterns.search.query import Index, Result, search, terms_of
from tests.patterns.support.example import write_pattern

QUEUES = """
## The problem

Consumers drown when a burst arrives. A <script> tag & an "entity" stand here.

## What goes wrong

A message that always fails is a poison message; send it to the dead-letter queue after three attempts.
"""
CACHES = """
## The problem

The same naïve question is asked a thousand times, and one queue is mentioned.

## Security

A tenant sees the answer of another tenant when the key leaves the tenant out.
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("content")
    patterns = [
        load_pattern(write_pattern(folder, "caching", title="Answer Cache", body=CACHES)),
        load_pattern(write_pattern(folder, "queueing", title="Queue Keeper", body=QUEUES)),
    ]
    database = search_index.in_memory(map(Entry.of, patterns))
    return Index(database, {pattern.slug: pattern for pattern in patterns})


def slugs(results: list[Result]) -> list[str]:
    return [result.pattern.slug for result in results]


def test_a_hit_in_the_title_comes_before_one_in_the_body(index: Index) -> None:
    assert slugs(index.find("queue", 10)) == ["queueing", "caching"]


def test_the_passage_is_from_the_section_that_matches(index: Index) -> None:
    (result,) = index.find("poison message", 10)

    assert (result.section, result.anchor) == ("What goes wrong", "what-goes-wrong")
    assert result.url == "/patterns/queueing/#what-goes-wrong"
    assert "<mark>poison</mark> <mark>message</mark>" in result.passage


def test_the_passage_is_escaped(index: Index) -> None:
    (result,) = index.find("drown", 10)

    assert "&lt;script&gt;" in result.passage
    assert "<script" not in result.passage


@pytest.mark.parametrize("typed", ["consumer", "consuming", "CONSUMERS", "  consumers?  "])
def test_words_are_found_in_all_their_forms(index: Index, typed: str) -> None:
    assert slugs(index.find(typed, 10)) == ["queueing"]


def test_accents_do_not_matter(index: Index) -> None:
    assert slugs(index.find("naive", 10)) == ["caching"]


def test_the_last_word_may_be_unfinished(index: Index) -> None:
    assert slugs(index.find("tena", 10)) == ["caching"]
    assert index.find("tena ", 10) == []


def test_all_words_are_wanted_and_any_if_no_pattern_has_them_all(index: Index) -> None:
    assert slugs(index.find("queue tenant", 10)) == ["caching"]
    assert slugs(index.find("poison tenant", 10)) == ["caching", "queueing"] or slugs(
        index.find("poison tenant", 10)
    ) == ["queueing", "caching"]


def test_common_words_of_a_question_do_not_decide(index: Index) -> None:
    assert slugs(index.find("How is it when a tenant asks", 10)) == ["caching"]
    assert terms_of("what is it") == ['"what"', '"is"', '"it" *']


def test_services_are_found_by_name(index: Index) -> None:
    assert set(slugs(index.find("api gateway", 10))) == {"caching", "queueing"}


def test_code_is_found_where_the_prose_says_nothing(index: Index) -> None:
    result = index.find("AuthorizationType", 10)[0]

    assert (result.section, result.anchor) == ("template.yaml", "")
    assert result.url == f"{result.pattern.url}source/template.yaml"
    assert "<mark>AuthorizationType</mark>" in result.passage


@pytest.mark.parametrize("typed", ["", "   ", "???", '"', "zzzzqqq", "\0", "AND", "NEAR(", "*"])
def test_what_fits_nothing_gives_an_empty_list(index: Index, typed: str) -> None:
    assert isinstance(index.find(typed, 10), list)


@given(st.text(max_size=200))
def test_no_text_is_an_error(index: Index, typed: str) -> None:
    for result in index.find(typed, 10):
        assert set(re.findall(r"<[^>]*>", result.passage)) <= {"<mark>", "</mark>"}


@given(st.text(alphabet="\"*()^:-+{}AND OR NOT NEAR title'\\;", max_size=60))
def test_query_syntax_is_only_text(index: Index, typed: str) -> None:
    assert isinstance(index.find(typed, 10), list)


def test_a_very_long_query_is_cut(index: Index) -> None:
    assert len(terms_of("word " * 10_000)) == 12
    assert isinstance(index.find("a" * 100_000, 10), list)


def test_many_threads_may_search_at_once(index: Index) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: slugs(index.find("queue", 10)), range(200)))

    assert all(one == ["queueing", "caching"] for one in found)


def test_the_index_follows_the_library(tmp_path: Path, settings: Any) -> None:
    settings.CONTENT_DIR = tmp_path
    settings.DEBUG = True
    folder = write_pattern(tmp_path, body=CACHES)
    assert slugs(search("tenant")) == ["parcel-counter"]

    page = folder / "pattern.md"
    page.write_text(page.read_text().replace("tenant", "lodger"))

    assert search("tenant") == []
    assert slugs(search("lodgers")) == ["parcel-counter"]
