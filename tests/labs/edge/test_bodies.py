"""What a request uploads: so many bytes, alone or as the last field of a form."""

from email.parser import BytesParser
from email.policy import HTTP

import pytest
from pydantic import ValidationError

from catalogue.labs.demos.bodies import content_of, upload
from catalogue.patterns.content.schemas.pattern import File, Request

FILE = File(bytes=20, type="image/png", name="a.png", begins="\x89PNG")


def test_a_file_has_its_first_bytes_and_is_as_long_as_it_says() -> None:
    assert content_of(FILE) == b"\x89PNG" + b"\0" * 16
    assert content_of(File(bytes=2, type="image/png", begins="\x89PNG")) == b"\x89P"
    assert upload(FILE, None) == (content_of(FILE), "image/png")


def test_in_a_form_the_file_comes_last_and_every_field_is_as_it_was() -> None:
    form = {"key": "a/b", 'na"me': "é\r\n--x"}
    body, kind = upload(FILE, form)
    sent = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    parts = list(sent.iter_parts())
    assert [part.get_param("name", header="content-disposition") for part in parts] == ["key", "na%22me", "file"]
    assert parts[0].get_payload() == "a/b"
    assert "é\r\n--x".encode() in body
    assert parts[2].get_filename() == "a.png"
    assert content_of(FILE) in body


@pytest.mark.parametrize(
    "fields",
    [
        {"form": {"key": "a"}},
        {"file": FILE, "text": "a"},
        {"file": FILE, "json": {}},
        {"path": "{{url}}/more"},
        {"path": "http://example.org/"},
        {"file": {"bytes": 9_000_001, "type": "image/png"}},
        {"file": {"bytes": 1, "type": "image/png", "name": 'a"b'}},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Request.model_validate({"method": "POST", "path": "/", **fields})


def test_a_request_without_an_upload_is_written_as_before() -> None:
    """The hash of every recorded run is made of it."""
    assert Request(method="GET", path="/a").model_dump(mode="json", by_alias=True) == {
        "method": "GET",
        "path": "/a",
        "headers": {},
        "json": None,
        "text": None,
        "times": 1,
        "at_once": 1,
    }
