"""What a demo expects, compared with what was seen."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.labs.demos.expectations import (
    StepAnswer,
    UnknownVariable,
    check_answers,
    contains,
    fill,
    filled,
    in_words,
    saved_values,
    within_bounds,
)
from catalogue.labs.demos.saved_values import BadValue, require_sent
from catalogue.patterns.content.schemas.pattern import Expect, Observe
from catalogue.patterns.content.text_patterns import LONGEST_TEXT

TEXT = st.text() | st.text(alphabet="~.*()[]{}+?|^$\\ab\n\0é")
"""Any text, and often one that means something to whoever takes it for a pattern."""
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def answer(status: int = 200, body: str = "", **headers: str) -> StepAnswer:
    return StepAnswer(status, headers, body, 1.0)


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
    assert contains(seen, filled(Expect(body=wanted), {}).body) is result


def holds(expect: Expect, variables: dict[str, Any], *answers: StepAnswer) -> bool:
    return all(check.ok for check in check_answers(filled(expect, variables), answers))


@given(TEXT, TEXT)
def test_a_saved_value_is_equal_to_itself_alone_whatever_is_in_it(value: str, other: str) -> None:
    for written in ("{{value}}", "before {{value}}", "{{ value }}{{value}}"):
        whole = fill(written, {"value": value})
        assert holds(Expect(body={"a": written}), {"value": value}, answer(body=json.dumps({"a": whole})))
        assert holds(Expect(headers={"X-A": written}), {"value": value}, StepAnswer(200, {"x-a": whole}, "", 1.0))
        changed = StepAnswer(200, {"x-a": whole + other}, json.dumps({"a": whole + other}), 1.0)
        assert holds(Expect(body={"a": written}), {"value": value}, changed) is (other == "")
        assert holds(Expect(headers={"X-A": written}), {"value": value}, changed) is (other == "")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])) | TEXT, TEXT)
def test_a_saved_value_in_a_pattern_matches_itself_and_nothing_else(value: str, other: str) -> None:
    expect = Expect(body={"a": "~^<(no|{{value}})>$"})
    assert holds(expect, {"value": value}, answer(body=json.dumps({"a": f"<{value}>"})))
    assert holds(expect, {"value": value}, answer(body=json.dumps({"a": f"<{other}>"}))) is (other in (value, "no"))


def test_a_pattern_is_what_the_author_wrote_as_one() -> None:
    """A visitor's `~` in front of an author's text makes no pattern of it."""
    assert not holds(Expect(body={"a": "{{value}}"}), {"value": "~.*"}, answer(body='{"a": "anything"}'))
    assert not holds(Expect(body=["{{value}}"]), {"value": "~"}, answer(body='["anything"]'))
    assert not holds(
        Expect(headers={"x-a": "{{value}}"}), {"value": "~.*"}, StepAnswer(200, {"x-a": "anything"}, "", 1.0)
    )
    assert not contains("anything", fill("{{value}}", {"value": "~.*"}))


def test_a_value_that_makes_a_pattern_too_large_matches_nothing() -> None:
    expect = Expect(body="~{{v}}{{v}}{{v}}{{v}}{{v}}{{v}}{{v}}{{v}}{{v}}{{v}}" * 100)
    (check,) = check_answers(filled(expect, {"v": "é" * 4_000}), [answer(body="é")])
    assert not check.ok
    assert len(check.what) < 300


def test_a_long_text_is_looked_at_up_to_a_bound() -> None:
    padding = "x" * LONGEST_TEXT
    assert holds(Expect(body="~end$"), {}, answer(body=padding[3:] + "end"))
    assert not holds(Expect(body="~end$"), {}, answer(body=padding + "end"))


@pytest.mark.parametrize(
    "body", ["[" * 200_000, "[" * 200_000 + "]" * 200_000, "1" * 5_000, '{"a": "' + "x" * 2_000_000]
)
def test_a_body_that_cannot_be_read_as_json_is_a_text(body: str) -> None:
    seen = answer(body=body)
    assert seen.parsed == body
    (check,) = check_answers(filled(Expect(body={"a": 1}), {}), [seen])
    assert not check.ok
    assert len(check.seen) <= 200


def test_a_body_nested_as_deeply_as_json_can_be_read_is_compared() -> None:
    for depth in (100, 1_000, 3_000, 9_000, 30_000):
        list(check_answers(filled(Expect(body={"a": "~x"}), {}), [answer(body='{"a": ' * depth + "1" + "}" * depth)]))


@pytest.mark.parametrize(
    "body",
    [
        '{"a": "' + "x" * 5_000 + '"}',
        '{"a": "\\ud800"}',
        '{"a": "\\u0000"}',
        '{"a": 1e999}',
        '{"a": NaN}',
        '{"a": ' + "[" * 40 + "]" * 40 + "}",
        '{"a": {"\\udfff": 1}}',
        '{"a": ' + "1" * 4_200 + "}",
    ],
)
def test_a_value_of_an_answer_that_no_later_step_could_use_is_not_saved(body: str) -> None:
    with pytest.raises(BadValue):
        saved_values({"x": "body.a"}, answer(body=body))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "an object"),
        ("text", "an object"),
        (7, "an object"),
        ({f"n{n}": 1 for n in range(51)}, "at most 50"),
        ({"a b": 1}, "A name"),
        ({"": 1}, "A name"),
        ({"~": 1}, "A name"),
        ({"a" * 65: 1}, "at most 64"),
        ({"a": None}, "strings, numbers"),
        ({"a": [1]}, "strings, numbers"),
        ({"a": {"b": 1}}, "strings, numbers"),
        ({"a": "x" * 4_001}, "4,000 characters"),
        ({"a": int("1" * 4_200)}, "4,000 characters"),
        ({"a": "\ud800"}, "surrogate"),
        ({"a": "\0"}, "null"),
        ({"a": float("inf")}, "finite"),
        ({"a": float("nan")}, "finite"),
    ],
)
def test_what_a_visitor_may_not_send_as_saved_is_refused_with_its_reason(given: Any, why: str) -> None:
    with pytest.raises(BadValue, match=why):
        require_sent(given)


@given(st.recursive(JSON_VALUES | st.floats(), lambda inner: st.dictionaries(TEXT, inner)))
def test_what_is_taken_as_saved_can_be_filled_in_anywhere(given: Any) -> None:
    try:
        variables = require_sent(given)
    except BadValue:
        return
    for name in variables:
        assert fill(f"{{{{{name}}}}}", variables).encode()
        assert isinstance(holds(Expect(body=f"~{{{{{name}}}}}"), variables, answer(body="x")), bool)


def test_the_first_answer_that_is_wrong_is_shown() -> None:
    answers = [answer(200), answer(500), answer(200)]
    (check,) = check_answers(filled(Expect(status=200), {}), answers)
    assert (check.ok, check.seen) == (False, "500")


def test_statuses_are_counted() -> None:
    answers = [answer(200), *[answer(409)] * 7]
    (check,) = check_answers(filled(Expect(statuses={409: 7, 200: 1}), {}), answers)
    assert (check.what, check.ok) == ("answers 1 × 200, 7 × 409", True)


def test_headers_are_found_in_any_case_and_by_pattern() -> None:
    expect = Expect(headers={"Retry-After": "~^[0-9]+$", "Location": "/jobs/1"})
    checks = list(check_answers(filled(expect, {}), [answer(202, **{"retry-after": "2"})]))
    assert [(check.ok, check.seen) for check in checks] == [(True, "2"), (False, "nothing")]


def test_placeholders_are_filled_at_any_depth() -> None:
    counter = iter(range(10))
    variables = {"name": "Ada", "uuid": lambda: next(counter)}
    whole = fill({"{{name}}": ["{{ uuid }}-{{uuid}}", 5, None]}, variables)
    assert whole == {"Ada": ["0-1", 5, None]}


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
