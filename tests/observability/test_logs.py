"""Log lines in both formats: what is in them, and what is not."""

import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.observability.logs.formats import JsonFormatter, LineFormatter, WithContext
from catalogue.observability.logs.scrub import scrubbed, scrubbed_value
from catalogue.observability.requests.request_context import RequestContext, bound

CONTEXT = RequestContext("0123456789abcdef", "203.0.113.0", "1-58406520-a006649127e371903a2de979", "lab1")
EVERYTHING = st.text(st.characters(codec="utf-8"), max_size=60)


def record(message: str, *args: Any, level: int = logging.WARNING, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("catalogue.labs", level, __file__, 1, message, args, None)
    vars(made).update(extra)
    WithContext().filter(made)
    return made


def test_json_is_one_object_with_the_context() -> None:
    with bound(CONTEXT):
        document = json.loads(JsonFormatter().format(record("%d calls", 3)))
    time = document.pop("time")
    assert time.endswith("Z")
    assert document == {
        "level": "WARNING",
        "logger": "catalogue.labs",
        "message": "3 calls",
        "request_id": "0123456789abcdef",
        "lab": "lab1",
        "trace": "1-58406520-a006649127e371903a2de979",
        "client": "203.0.113.0",
    }


def test_outside_of_a_request_there_is_no_context() -> None:
    assert set(json.loads(JsonFormatter().format(record("ready")))) == {"time", "level", "logger", "message"}


def test_a_line_names_the_request() -> None:
    with bound(RequestContext("0123456789abcdef")):
        line = LineFormatter().format(record("Something"))
    assert line.endswith(" WARNING catalogue.labs: Something [request_id=0123456789abcdef]")


def test_an_exception_is_a_member_of_json_and_scrubbed() -> None:
    made = record("It failed")
    try:
        raise ValueError("for ada@example.com at /newsletter/confirm/abc123:xyz")
    except ValueError as error:
        made.exc_info = (type(error), error, error.__traceback__)
    text = JsonFormatter().format(made)
    assert "\n" not in text
    document = json.loads(text)
    assert document["exception"].startswith("Traceback")
    assert "ValueError: for …@example.com at /newsletter/confirm/…" in document["exception"]
    assert "ValueError: for …@example.com" in LineFormatter().format(made)


@given(EVERYTHING)
def test_no_one_can_forge_a_second_line(text: str) -> None:
    made = record("Got %s", text)
    line, document = LineFormatter().format(made), JsonFormatter().format(made)
    assert len(line.splitlines()) == 1
    assert len(document.split("\n")) == 1
    assert json.loads(document)["message"] == scrubbed(f"Got {text}")


def test_arguments_that_do_not_fit_still_give_a_line() -> None:
    assert "%d calls" in LineFormatter().format(record("%d calls", "three"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to ada.lovelace+x@mail.example.com: refused", "to …@mail.example.com: refused"),
        ("<ada@localhost>", "<…@localhost>"),
        ("GET /newsletter/unsubscribe/eyJ.abc:def?x=1", "GET /newsletter/unsubscribe/…?x=1"),
        ("an @ alone, and user@", "an @ alone, and user@"),
        ("/patterns/claim-check/", "/patterns/claim-check/"),
    ],
)
def test_personal_data_is_masked(text: str, expected: str) -> None:
    assert scrubbed(text) == expected
    assert scrubbed(scrubbed(text)) == expected


@given(
    st.recursive(
        EVERYTHING | st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(EVERYTHING, inner)
    )
)
def test_no_value_makes_scrubbing_fail(value: Any) -> None:
    scrubbed_value(value)


def test_secret_members_are_left_out_however_deep() -> None:
    event = {"request": {"headers": {"Cookie": "sessionid=1", "X-Api-Key": "k"}, "note": ["ada@example.com"]}}
    assert scrubbed_value(event) == {
        "request": {"headers": {"Cookie": "…", "X-Api-Key": "…"}, "note": ["…@example.com"]}
    }
