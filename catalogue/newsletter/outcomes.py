"""What became of one attempt to send a mail, told apart by what must happen next."""

import enum
import re
from dataclasses import dataclass


class Outcome(enum.Enum):
    SENT = "sent"
    WITHDRAWN = "withdrawn"  # no longer wanted, seen in time: nothing was sent
    TEMPORARY = "temporary"  # this mail, later
    PERMANENT = "permanent"  # this mail, never
    NO_SUCH_MAILBOX = "no such mailbox"  # this address, never again
    THROTTLED = "throttled"  # every mail, more slowly
    CONNECTION = "connection"  # not this mail's fault, and nothing of it can have arrived
    IN_DOUBT = "in doubt"  # the connection broke before the answer to a complete mail


@dataclass(frozen=True)
class Result:
    outcome: Outcome
    detail: str = ""
    """What the server said, or the exception."""
    provider_id: str = ""
    """The id under which the provider took the mail, if it gives one."""


SENT = Result(Outcome.SENT)
WITHDRAWN = Result(Outcome.WITHDRAWN)

# RFC 3463: class 5, subject 1 is addressing (5.1.x), 2.1 a mailbox that is disabled.
_DEAD_ADDRESS = re.compile(r"\b5\.(1\.[0-9]+|2\.1)\b")
_ENHANCED = re.compile(r"\b[45]\.\d{1,3}\.\d{1,3}\b")
# RFC 3463: 4.7.x is policy (rate limits among them), 4.3.2 a system that takes no messages now.
_SLOW_DOWN = re.compile(r"\b4\.(7\.\d+|3\.2)\b")


def of_reply(code: int, said: bytes | str, *, about_recipient: bool) -> Result:
    """Sort an SMTP reply that refuses something (RFC 5321, 4.2.1: 4yz is not final, 5yz is).

    A 550, 551 or 553 to RCPT without an enhanced code is taken as: there is no such mailbox.
    """
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    detail = f"{code} {text}".strip()[:1000]
    if code == 421 or (400 <= code < 500 and _SLOW_DOWN.search(text)):
        return Result(Outcome.THROTTLED, detail)
    if 500 <= code < 600:
        plain = about_recipient and code in (550, 551, 553) and not _ENHANCED.search(text)
        dead = about_recipient and _DEAD_ADDRESS.search(text)
        return Result(Outcome.NO_SUCH_MAILBOX if plain or dead else Outcome.PERMANENT, detail)
    return Result(Outcome.TEMPORARY, detail)
