"""What RFC 9110 says of encodings, conditions and ranges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.pages.serving.http import Encoding, Span, best_encoding, etag_of, not_modified, precondition_failed, span

LONG_AGO = b"Thu, 01 Jan 1970 00:00:00 GMT"
AT = 1_790_000_000
THEN = b"Mon, 21 Sep 2026 14:13:20 GMT"


@pytest.mark.parametrize(
    ("accepted", "best"),
    [
        (b"", "identity"),
        (b"gzip", "gzip"),
        (b"gzip, deflate, br, zstd", "br"),
        (b"br;q=0.5, gzip", "gzip"),
        (b"GZIP;Q=1", "gzip"),
        (b"br;q=0, *", "gzip"),
        (b"*", "br"),
        (b"identity", "identity"),
        (b"identity;q=1, gzip;q=0.5", "identity"),
        (b"gzip;q=0, br;q=0", "identity"),
        (b"identity;q=0, *;q=0", "identity"),
        (b"zstd", "identity"),
        (b"gzip;q=nonsense", "gzip"),
        (b"gzip;q=0.0.0", "identity"),
        (b",,;,gzip", "gzip"),
    ],
)
def test_the_client_has_its_choice_and_of_equals_the_smallest(accepted: bytes, best: Encoding) -> None:
    assert best_encoding(accepted) == best


@given(st.binary(max_size=60))
def test_no_accept_encoding_is_an_error(accepted: bytes) -> None:
    assert best_encoding(accepted) in ("br", "gzip", "identity")


def test_every_encoding_has_a_validator_of_its_own() -> None:
    assert len({etag_of("a", "identity"), etag_of("a", "gzip"), etag_of("a", "br")}) == 3


@pytest.mark.parametrize(
    ("if_none_match", "if_modified_since", "expected"),
    [
        (b'"a"', b"", True),
        (b'W/"a"', b"", True),
        (b'"b", "a"', b"", True),
        (b"*", b"", True),
        (b'"b"', b"", False),
        (b'"b"', THEN, False),
        (b"a", b"", False),
        (b"", THEN, True),
        (b"", LONG_AGO, False),
        (b"", b"yesterday", False),
        (b"", b"", False),
    ],
)
def test_if_none_match_decides_and_the_date_only_without_it(
    if_none_match: bytes, if_modified_since: bytes, expected: bool
) -> None:
    assert not_modified(if_none_match, if_modified_since, '"a"', AT) is expected


@pytest.mark.parametrize(
    ("if_match", "if_unmodified_since", "failed"),
    [
        (b'"a"', b"", False),
        (b'"b", "a"', b"", False),
        (b"*", b"", False),
        (b'"b"', b"", True),
        (b'W/"a"', b"", True),
        (b"a", b"", True),
        (b'"a"', LONG_AGO, False),
        (b'"b"', THEN, True),
        (b"", THEN, False),
        (b"", LONG_AGO, True),
        (b"", b"yesterday", False),
        (b"", b"", False),
    ],
)
def test_if_match_decides_whether_to_go_on_and_the_date_only_without_it(
    if_match: bytes, if_unmodified_since: bytes, failed: bool
) -> None:
    assert precondition_failed(if_match, if_unmodified_since, '"a"', AT) is failed


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (b"bytes=0-9", Span(0, 9)),
        (b"bytes=0-0", Span(0, 0)),
        (b"bytes=7-7", Span(7, 7)),
        (b"bytes=0-", Span(0, 99)),
        (b"bytes=0-99", Span(0, 99)),
        (b"bytes=0-100", Span(0, 99)),
        (b"bytes=99-", Span(99, 99)),
        (b"bytes=99-99", Span(99, 99)),
        (b"bytes=-1", Span(99, 99)),
        (b"bytes=-100", Span(0, 99)),
        (b"bytes=90-", Span(90, 99)),
        (b"bytes=90-1000", Span(90, 99)),
        (b"bytes=-10", Span(90, 99)),
        (b"bytes=-1000", Span(0, 99)),
        (b"bytes=100-", "none"),
        (b"bytes=-0", "none"),
        (b"bytes=9-0", None),
        (b"bytes=-", None),
        (b"bytes=0-1,5-6", None),
        (b"lines=0-1", None),
        (b"bytes=a-b", None),
        (b"bytes=90-18446744073709551615", Span(90, 99)),
        (b"bytes=0-" + b"9" * 5000, None),
        (b"bytes=" + b"9" * 5000 + b"-", None),
        (b"bytes=-" + b"9" * 5000, None),
    ],
)
def test_one_range_is_served_and_what_cannot_be_read_is_passed_over(wanted: bytes, found: object) -> None:
    assert span(wanted, b"", '"a"', THEN, 100) == found


@pytest.mark.parametrize(("if_range", "whole"), [(b'"a"', False), (THEN, False), (b'"b"', True), (LONG_AGO, True)])
def test_a_part_of_other_bytes_is_not_sent(if_range: bytes, whole: bool) -> None:
    assert (span(b"bytes=0-9", if_range, '"a"', THEN, 100) is None) is whole


@given(st.binary(max_size=30), st.integers(0, 50))
def test_a_range_lies_inside_the_body(wanted: bytes, length: int) -> None:
    found = span(b"bytes=" + wanted, b"", '"a"', THEN, length)
    if isinstance(found, Span):
        assert 0 <= found.first <= found.last < length


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(b"bytes=0-0", "none"), (b"bytes=0-", "none"), (b"bytes=-1", "none"), (b"bytes=-0", "none")],
)
def test_an_empty_body_has_no_part(wanted: bytes, found: object) -> None:
    assert span(wanted, b"", '"a"', THEN, 0) == found


def test_a_body_of_one_byte_has_one_part() -> None:
    assert [span(wanted, b"", '"a"', THEN, 1) for wanted in (b"bytes=0-0", b"bytes=-1", b"bytes=1-1")] == [
        Span(0, 0),
        Span(0, 0),
        "none",
    ]


def test_a_tag_that_only_sorts_beside_ours_is_not_ours() -> None:
    for other in (b'"0"', b'"b"', b'W/"0"', b'"0", "b"'):
        assert not not_modified(other, b"", '"a"', AT)


@pytest.mark.parametrize("encoding", ["identity", "gzip", "br"])
def test_each_encoding_has_a_validator_of_its_own(encoding: Encoding) -> None:
    assert etag_of("x", encoding) == {"identity": '"x"', "gzip": '"x-gzip"', "br": '"x-br"'}[encoding]


def test_a_range_far_behind_the_end_has_no_part() -> None:
    assert span(b"bytes=150-", b"", '"a"', THEN, 100) == "none"


def test_an_encoding_without_a_weight_weighs_one() -> None:
    assert best_encoding(b"gzip, br;q=1.0") == "br"
    assert best_encoding(b"gzip;q=1.0, br") == "br"
