"""What SES tells, in either of its two formats, as one kind of value.

Identity notifications name their kind `notificationType`, event publishing names it `eventType`; what they say of a
bounce or complaint has the same shape:
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

import enum
import json
from dataclasses import dataclass
from typing import Any

from catalogue.newsletter.delivery.sending.outcomes import readable


class Kind(enum.Enum):
    HARD_BOUNCE = "hard bounce"
    SOFT_BOUNCE = "soft bounce"
    COMPLAINT = "complaint"
    DELIVERY = "delivery"
    OTHER = "other"


class BadEvent(ValueError):
    """The text is nothing that SES publishes."""


@dataclass(frozen=True)
class Event:
    kind: Kind
    mail: str
    """The id under which SES took the mail."""
    recipients: tuple[tuple[str, str], ...] = ()
    """Addresses with what their mail server said."""


def read(text: str) -> Event:
    """Raises BadEvent."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadEvent("The message is not JSON.") from error
    if not isinstance(fields, dict):
        raise BadEvent("The message is no JSON object.")
    told = fields.get("eventType", fields.get("notificationType"))
    if not isinstance(told, str):
        raise BadEvent("The message names no eventType and no notificationType.")
    mail = _text(_object(fields, "mail"), "messageId")
    match told:
        case "Bounce":
            bounce = _object(fields, "bounce")
            kind = Kind.HARD_BOUNCE if bounce.get("bounceType") == "Permanent" else Kind.SOFT_BOUNCE
            return Event(kind, mail, _recipients(bounce, "bouncedRecipients"))
        case "Complaint":
            complaint = _object(fields, "complaint")
            # "not-spam": someone took a mail out of their spam folder
            kind = Kind.OTHER if complaint.get("complaintFeedbackType") == "not-spam" else Kind.COMPLAINT
            return Event(kind, mail, _recipients(complaint, "complainedRecipients"))
        case "Delivery":
            reached = _list(_object(fields, "delivery"), "recipients")
            return Event(Kind.DELIVERY, mail, tuple((one, "") for one in reached if isinstance(one, str)))
        case _:
            return Event(Kind.OTHER, mail)


def _object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    if not isinstance(value, dict):
        raise BadEvent(f"The message has no {name}.")
    return value


def _list(fields: dict[str, Any], name: str) -> list[Any]:
    value = fields.get(name)
    if not isinstance(value, list):
        raise BadEvent(f"The message has no {name}.")
    return value


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise BadEvent(f"The message has no {name}.")
    return _readable(value)


def _readable(said: str) -> str:
    return readable(said)[:300]


def _recipients(fields: dict[str, Any], name: str) -> tuple[tuple[str, str], ...]:
    found = []
    for one in _list(fields, name):
        if not isinstance(one, dict) or not isinstance(one.get("emailAddress"), str):
            raise BadEvent(f"An entry of {name} has no emailAddress.")
        said = one.get("diagnosticCode") or one.get("status") or ""
        found.append((one["emailAddress"], _readable(said) if isinstance(said, str) else ""))
    return tuple(found)
