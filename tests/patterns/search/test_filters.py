"""The filters as values: what they leave, what each would leave, where each leads."""

from pathlib import Path

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from catalogue.patterns.content.pattern import Pattern, load_pattern
from catalogue.patterns.search import filters
from catalogue.patterns.search.filters import Selection, apply, choices, selection
from tests.patterns.support.example import FRONT, write_pattern


@pytest.fixture(scope="module")
def patterns(tmp_path_factory: pytest.TempPathFactory) -> list[Pattern]:
    content: Path = tmp_path_factory.mktemp("content")
    made = []
    for slug, level, helps in (
        ("cheap", 100, "cost"),
        ("cheap-and-safe", 200, "cost, security"),
        ("safe", 200, "security"),
    ):
        front = FRONT.replace("level: 100", f"level: {level}").replace("[simplicity, cost]", f"[{helps}]")
        made.append(load_pattern(write_pattern(content, slug, title=slug.capitalize(), front=front)))
    return made


def left(patterns: list[Pattern], query: str) -> list[str]:
    return [each.slug for each in apply(patterns, selection(QueryDict(query), patterns))]


def test_no_filter_leaves_everything(patterns: list[Pattern]) -> None:
    assert left(patterns, "") == ["cheap", "cheap-and-safe", "safe"]


def test_levels_are_alternatives(patterns: list[Pattern]) -> None:
    assert left(patterns, "level=200") == ["cheap-and-safe", "safe"]
    assert left(patterns, "level=100&level=200") == ["cheap", "cheap-and-safe", "safe"]


def test_all_chosen_aims_must_be_there(patterns: list[Pattern]) -> None:
    assert left(patterns, "helps=cost&helps=security") == ["cheap-and-safe"]


def test_all_chosen_services_must_be_there(patterns: list[Pattern]) -> None:
    assert left(patterns, "service=lambda&service=api-gateway") == ["cheap", "cheap-and-safe", "safe"]


def test_dimensions_combine(patterns: list[Pattern]) -> None:
    assert left(patterns, "level=200&helps=cost") == ["cheap-and-safe"]


def test_unknown_values_are_passed_over(patterns: list[Pattern]) -> None:
    assert left(patterns, "level=999&helps=fame&service=x&utm_source=y") == left(patterns, "")


def test_the_count_of_a_choice_is_what_following_it_leaves(patterns: list[Pattern]) -> None:
    chosen = selection(QueryDict("helps=cost"), patterns)
    for dimension in ("service", "helps"):
        for choice in choices(patterns, chosen)[dimension]:
            if not choice.chosen:
                assert choice.count == len(left(patterns, choice.query.removeprefix("?")))


def test_the_count_of_a_level_is_its_own(patterns: list[Pattern]) -> None:
    chosen = selection(QueryDict("level=100"), patterns)
    counts = {choice.value: choice.count for choice in choices(patterns, chosen)["level"]}

    assert counts == {"100": 1, "200": 2, "300": 0}


def test_only_services_in_use_are_offered_the_commonest_first(patterns: list[Pattern]) -> None:
    offered = [choice.value for choice in choices(patterns, Selection())["service"]]

    assert offered == ["api-gateway", "lambda"]


SELECTIONS = st.builds(
    Selection,
    level=st.frozensets(st.sampled_from(filters.LEVELS)),
    service=st.frozensets(st.sampled_from(["lambda", "api-gateway"])),
    helps=st.frozensets(st.sampled_from(["cost", "security", "latency"])),
)


@given(SELECTIONS)
def test_a_query_string_reads_back_as_the_selection(patterns: list[Pattern], chosen: Selection) -> None:
    assert selection(QueryDict(chosen.query().removeprefix("?")), patterns) == chosen


@given(SELECTIONS, st.sampled_from(["cost", "security", "latency"]))
def test_following_a_filter_twice_leads_back(chosen: Selection, aim: str) -> None:
    assert chosen.toggled("helps", aim).toggled("helps", aim) == chosen
    assert chosen.toggled("helps", aim) != chosen


@given(SELECTIONS)
def test_what_is_offered_never_leads_to_nothing(patterns: list[Pattern], chosen: Selection) -> None:
    offered = [choice for some in choices(patterns, chosen).values() for choice in some]
    for choice in offered:
        if choice.count and not choice.chosen:
            assert left(patterns, choice.query.removeprefix("?"))


def test_what_does_not_exist_is_named_and_what_is_applied_is_not(patterns: list[Pattern]) -> None:
    def named(query: str) -> list[str]:
        asked = QueryDict(query)
        return filters.not_applied(asked, selection(asked, patterns))

    assert named("uses=sqs&level=999&level=200&helps=cost&page=2&utm_source=mail") == ["uses=sqs", "level=999"]
    assert named("service=quantum") == ["service=quantum"]
    assert named("") == []
    assert len(named("&".join(f"x{n}={n}" for n in range(9)))) == 5
    assert len(named(f"level={'9' * 500}")[0]) == 40
