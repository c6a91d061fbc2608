"""What a mail in the bounce mailbox says: a delivery status (RFC 3464) or a complaint (ARF, RFC 5965).

Such a mail comes from anybody. It is believed only as far as a signature of ours in it reaches (see `verp`), read up to
a bound, and whatever is wrong with it ends in `Unreadable`.
"""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message

from catalogue.newsletter.delivery.feedback import verp
from catalogue.newsletter.delivery.feedback.events import Kind
from catalogue.newsletter.delivery.sending.outcomes import Outcome, of_reply, readable

MOST_BYTES = 1_000_000
"""Of one mail; what comes after is not read. A report stands ahead of the copy of the mail that it is about."""
_MOST_PARTS = 50
_MOST_RECIPIENTS = 20
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ADDRESSED_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to")
_ABUSE = ("abuse", "fraud", "virus", "other")


class Unreadable(ValueError):
    """The mail is no bounce and no complaint that can be understood; the message says why."""


class Unsigned(Unreadable):
    """The mail names no mail of ours with a valid signature."""


@dataclass(frozen=True)
class Report:
    kind: Kind
    ref: uuid.UUID
    """The delivery that it is about (`Delivery.ref`)."""
    said: str = ""
    """What the mail server said, bounded."""


def read(raw: bytes, recipient: str = "") -> Report:
    """Raises Unreadable, Unsigned. `recipient` is the envelope's, where it is known apart from the mail."""
    try:
        return _read(message_from_bytes(raw[:MOST_BYTES], policy=policy.compat32), recipient)
    except Unreadable:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError) as error:
        raise Unreadable(f"The mail cannot be parsed ({type(error).__name__}).") from error


def _read(mail: Message, recipient: str) -> Report:
    if mail.get_content_type() != "multipart/report":
        raise Unreadable("The mail is not a report (multipart/report, RFC 6522).")
    parts = _first(mail.walk(), _MOST_PARTS)
    for part in parts:
        match part.get_content_type():
            case "message/delivery-status":
                kind, said = _status(part)
                return Report(kind, _ref(_addressed_to(mail, recipient)), said)
            case "message/feedback-report":
                fields = _fields(part)
                kind = Kind.COMPLAINT if fields.get("feedback-type", "").lower() in _ABUSE else Kind.OTHER
                originals = "\n".join(_text(inner, "return-path") for inner in parts)
                where = f"{fields.get('original-mail-from', '')}\n{originals}\n{_addressed_to(mail, recipient)}"
                return Report(kind, _ref(where), readable(fields.get("user-agent", ""))[:300])
    raise Unreadable("The report has no delivery status and no feedback report.")


def _status(part: Message) -> tuple[Kind, str]:
    """The worst that is said of a recipient: a mail of ours has one, and a list that it was sent to may have many."""
    groups = part.get_payload()
    blocks = groups[1 : _MOST_RECIPIENTS + 1] if isinstance(groups, list) else []  # the first is about the mail
    found = [_of_recipient(block) for block in blocks if isinstance(block, Message)]
    for wanted in (Kind.HARD_BOUNCE, Kind.SOFT_BOUNCE, Kind.DELIVERY):
        for kind, said in found:
            if kind is wanted:
                return kind, said
    return Kind.OTHER, ""


def _of_recipient(group: Message) -> tuple[Kind, str]:
    action = _text(group, "action").strip().lower()
    status = _STATUS.search(_text(group, "status"))
    diagnosis = _text(group, "diagnostic-code").partition(";")[2].strip()
    said = readable(" ".join(f"{status.group() if status else ''} {diagnosis}".split()))[:300]
    if action == "delivered":
        return Kind.DELIVERY, said
    if action != "failed":  # delayed, relayed, expanded: it may arrive yet
        return Kind.OTHER, said
    if status is None or status[1] != "5":
        return Kind.SOFT_BOUNCE, said
    # The same rules as for what our own server answers: only a dead address is a hard bounce.
    outcome = of_reply(550, f"{status.group()} {diagnosis}", about_recipient=True).outcome
    return (Kind.HARD_BOUNCE if outcome is Outcome.NO_SUCH_MAILBOX else Kind.SOFT_BOUNCE), said


def _fields(part: Message) -> dict[str, str]:
    """A feedback report's fields, which the parser takes for the headers of a mail within."""
    inner = part.get_payload()
    holder = inner[0] if isinstance(inner, list) and inner else part
    return {name.lower(): str(value) for name, value in holder.items()} if isinstance(holder, Message) else {}


def _addressed_to(mail: Message, recipient: str) -> str:
    values = [str(value)[:1000] for name in _ADDRESSED_TO for value in mail.get_all(name, [])]
    return "\n".join([recipient, *values[:50]])


def _ref(text: str) -> uuid.UUID:
    found = verp.read(text)
    if found is None:
        raise Unsigned("The mail does not refer to a mail of this site.")
    return found


def _text(part: Message, name: str) -> str:
    return str(part.get(name, ""))[:2000]


def _first(parts: Iterator[Message], most: int) -> list[Message]:
    return [part for _, part in zip(range(most), parts, strict=False)]
