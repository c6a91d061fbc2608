"""Which request ids of proxies are believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.observability.requests import request_ids


@pytest.mark.parametrize(
    "raw",
    [b"a" * 8, b"a" * 64, b"9f2c1f0e7b1d4c55a0b1c2d3e4f50617", b"5e9d2f5c-2f4b-4ac1-9d3c-0f6a3f0a9b11", b"Ab.c_d-1"],
)
def test_a_well_formed_id_is_accepted(raw: bytes) -> None:
    assert request_ids.accepted(raw) == raw.decode()


@pytest.mark.parametrize(
    "raw",
    [b"", b"a" * 7, b"a" * 65, b"-abcdefgh", b"abcd efgh", b"abcdefgh\n", b'abc"defgh', b"\xc3\xa9" * 8, b"a,b,c,d,e"],
)
def test_an_ill_formed_id_is_not(raw: bytes) -> None:
    assert request_ids.accepted(raw) is None


@given(st.binary(max_size=80))
def test_what_is_accepted_is_safe_in_a_header_and_a_log_line(raw: bytes) -> None:
    found = request_ids.accepted(raw)
    assert found is None or (found.isascii() and found.isprintable() and 8 <= len(found) <= 64 and " " not in found)


def test_fresh_ids_are_well_formed_and_differ() -> None:
    made = {request_ids.fresh() for _ in range(100)}
    assert len(made) == 100
    assert all(request_ids.accepted(one.encode()) for one in made)
