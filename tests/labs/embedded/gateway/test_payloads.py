"""What is too large for a function: the size of an event as JSON."""

from catalogue.labs.embedded.gateway.payloads import MOST_BYTES, fits


def test_an_event_fits_up_to_six_megabytes_of_json() -> None:
    around = len('{"body": ""}')
    assert fits({"body": "x" * (MOST_BYTES - around)})
    assert not fits({"body": "x" * (MOST_BYTES - around + 1)})


def test_what_json_escapes_counts_as_it_is_written() -> None:
    assert not fits({"body": "\n" * (MOST_BYTES // 2)})


def test_an_event_of_another_shape_is_measured_whole() -> None:
    assert fits({"body": None})
    assert not fits(["x" * MOST_BYTES])
