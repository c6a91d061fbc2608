"""What a record of the stream says about a booking, or that it says nothing that can be used. Pure."""

import re
from dataclasses import dataclass
from typing import Any

NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
NUMBER = re.compile(r"[0-9]{1,15}")


class NotABooking(Exception):
    """A record that no retry can turn into a booking."""


@dataclass(frozen=True)
class Change:
    """A booking as it was after one write."""

    booking: str
    sailing: str
    version: int
    amounts: dict[str, int]
    """Passengers and cars, by these names."""
    written_ms: int
    """When it was written, in milliseconds since 1970."""
    trace: str


def change_in(record: dict[str, Any]) -> Change:
    """The change in a record with a new image. Raises NotABooking."""
    match record["dynamodb"].get("NewImage", {}):
        case {
            "booking": {"S": str(booking)},
            "sailing": {"S": str(sailing)},
            "passengers": {"N": str(passengers)},
            "cars": {"N": str(cars)},
            "version": {"N": str(version)},
            "written_ms": {"N": str(written)},
            **others,
        } if (
            NAME.fullmatch(booking)
            and NAME.fullmatch(sailing)
            and all(NUMBER.fullmatch(number) for number in (passengers, cars, version, written))
        ):
            trace = others.get("trace", {}).get("S", "").removeprefix("trace:")
            amounts = {"passengers": int(passengers), "cars": int(cars)}
            return Change(booking, sailing, int(version), amounts, int(written), trace)
    raise NotABooking("an attribute of a booking is missing or has another type")
