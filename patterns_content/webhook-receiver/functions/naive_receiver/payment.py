"""What an event says about a payment, or that it says nothing that can be used. Pure."""

import json
import re
from dataclasses import dataclass

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
STATUSES = ("authorized", "paid", "refunded")
HIGHEST_VERSION = 1_000_000


class NotAnEvent(Exception):
    """A message that no retry can turn into an event. It ends in the dead-letter queue."""


@dataclass(frozen=True)
class Event:
    number: str
    """The event's own id, which is the same in each delivery of it."""
    payment: str
    status: str
    version: int
    """The provider's count of the payment's changes, from 1."""


def event_in(message: str) -> Event:
    """The event in a message of the queue. Raises NotAnEvent."""
    try:
        envelope = json.loads(message)
        body = json.loads(envelope["body"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise NotAnEvent("the message holds no JSON") from error
    match envelope, body:
        case (
            {"event": str(number)},
            {"type": str(kind), "payment": str(payment), "version": int(version)},
        ) if (
            NAME.fullmatch(number)
            and NAME.fullmatch(payment)
            and kind.removeprefix("payment.") in STATUSES
            and 0 < version <= HIGHEST_VERSION
        ):
            return Event(number, payment, kind.removeprefix("payment."), version)
    raise NotAnEvent("the message is no event of a payment")
