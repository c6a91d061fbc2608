"""A file of readings: lines of an hour and a temperature in tenths of a degree, below one line of headings."""

import csv
from typing import Any

HEADINGS = ["hour", "tenths"]


class NotReadings(Exception):
    """The file cannot be summarized, and a retry would not change that."""


def summarize(body: bytes) -> dict[str, Any]:
    """Number of readings, the lowest and the highest of them. `NotReadings` with the line that is wrong."""
    try:
        lines = list(csv.reader(body.decode("utf-8-sig").splitlines(), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise NotReadings(f"the file is no CSV: {error}") from error
    if lines[:1] != [HEADINGS]:
        raise NotReadings("line 1 is not hour,tenths")
    tenths = [tenths_in(number, line) for number, line in enumerate(lines[1:], start=2)]
    if not tenths:
        raise NotReadings("there are no readings")
    return {"readings": len(tenths), "lowest": min(tenths), "highest": max(tenths)}


def tenths_in(number: int, line: list[str]) -> int:
    """The temperature in one line. `NotReadings` if it has none between -999 and 999."""
    value = line[1].strip() if len(line) == len(HEADINGS) else ""
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 3):
        raise NotReadings(f"line {number} has no temperature")
    return int(value)
