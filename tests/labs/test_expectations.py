"""What a demo expects, compared with what was seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.labs.expectations import (
    Answer,
    UnknownVariable,
    check_answers,
    contains,
    fill,
    in_words,
    saved_values,
    within_bounds,
)
from catalogue.patterns.schema import Expect, Observe

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet=st.characters(exclude_characters="~")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def answer(status: int = 200, body: str = "", **headers: str) -> Answer:
    return Answer(status, headers, body, 1.0)


@given(JSON_VALUES)
def test_everything_contains_itself(value: object) -> None:
    assert contains(value, value)


@pytest.mark.parametrize(
    ("seen", "wanted", "result"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, True),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, False),
        ([{"id": 1, "x": 0}, {"id": 2}], [{"id": 1}, {"id": 2}], True),
        ([{"id": 1}, {"id": 2}], [{"id": 1}], False),
        ("shipped at 12:03", "~^shipped", True),
        (1523, "~^15", True),
        (1523, "1523", False),
        (True, 1, False),
        (1.0, 1, True),
        (None, None, True),
        ({"1": "x"}, {1: "x"}, True),
    ],
)
def test_a_body_is_compared_as_a_subset(seen: object, wanted: object, result: bool) -> None:
    assert contains(seen, wanted) is result


def test_the_first_answer_that_is_wrong_is_shown() -> None:
    answers = [answer(200), answer(500), answer(200)]
    (check,) = check_answers(Expect(status=200), answers)
    assert (check.ok, check.seen) == (False, "500")


def test_statuses_are_counted() -> None:
    answers = [answer(200), *[answer(409)] * 7]
    (check,) = check_answers(Expect(statuses={409: 7, 200: 1}), answers)
    assert (check.what, check.ok) == ("answers 1 × 200, 7 × 409", True)


def test_headers_are_found_in_any_case_and_by_pattern() -> None:
    expect = Expect(headers={"Retry-After": "~^[0-9]+$", "Location": "/jobs/1"})
    checks = list(check_answers(expect, [answer(202, **{"retry-after": "2"})]))
    assert [(check.ok, check.seen) for check in checks] == [(True, "2"), (False, "nothing")]


def test_placeholders_are_filled_at_any_depth() -> None:
    counter = iter(range(10))
    variables = {"name": "Ada", "uuid": lambda: next(counter)}
    filled = fill({"{{name}}": ["{{ uuid }}-{{uuid}}", 5, None]}, variables)
    assert filled == {"Ada": ["0-1", 5, None]}


def test_a_placeholder_that_nothing_saved_is_named() -> None:
    with pytest.raises(UnknownVariable, match="job"):
        fill("/jobs/{{job}}", {})


def test_values_are_saved_from_status_headers_and_body() -> None:
    seen = answer(303, '{"items": [{"id": "a"}]}', location="/live/x/jobs/1")
    assert saved_values({"s": "status", "l": "header.Location", "i": "body.items.0.id", "b": "body"}, seen) == {
        "s": 303,
        "l": "/live/x/jobs/1",
        "i": "a",
        "b": {"items": [{"id": "a"}]},
    }
    for missing in ("header.etag", "body.items.3", "body.items.0.id.x"):
        with pytest.raises(KeyError):
            saved_values({"x": missing}, seen)


def test_bounds_and_their_words() -> None:
    both = Observe(resource="Queue", measure="visible", at_least=1, at_most=3)
    assert [within_bounds(both, value) for value in (0, 1, 3, 4)] == [False, True, True, False]
    assert in_words(both) == "Queue visible ≥ 1 ≤ 3"
    logged = Observe(resource="Web", measure="logged", text="packed")
    assert [within_bounds(logged, value) for value in (0, 1, 9)] == [False, True, True]
